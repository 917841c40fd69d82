// One path for each colour, however many samples there are: 512 samples come to some 40 KB. Places are of a plot that
// is 1000 wide and 100 high, with one decimal.
#include "report/svg_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace chatload::report {
namespace {

constexpr double kWidth = 1000;
constexpr double kHeight = 100;
// What was done in less time says little of a speed: ranges end at once or not at all.
constexpr double kSpeedSecondsMin = 0.1;
constexpr double kBarShare = 0.7;  // of the room that a bar of a sparkline has

double per_second(const TimelineSample& sample, double TimelineSample::*figure) {
  const double seconds = sample.watched_seconds();
  return seconds > 0 ? sample.*figure / seconds : 0;
}

// "M0.0 40.0h10.0v60.0h-10.0z"
std::string rectangle(double x, double y, double width, double height) {
  return fmt::format("M{:.1f} {:.1f}h{:.1f}v{:.1f}h{:.1f}z", x, y, width, height, -width);
}

std::string path(std::string_view its_class, const std::string& shape) {
  return shape.empty() ? "" : fmt::format("<path class=\"{}\" d=\"{}\"/>", its_class, shape);
}

std::string svg(std::string_view its_class, std::string_view label, const std::string& paths) {
  return fmt::format(
      "<svg class=\"{}\" viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">{}</svg>",
      its_class, kWidth, kHeight, label, paths);
}

}  // namespace

std::string_view class_of(WaitedFor wait) {
  constexpr std::array<std::string_view, kWaitCount> kClasses = {
      "wait-inflate", "wait-parse", "wait-mysql", "wait-reconnect", "wait-pause", "wait-indexes", "wait-none"};
  return kClasses.at(static_cast<std::size_t>(wait));
}

std::string_view legend_of(WaitedFor wait) {
  switch (wait) {
    case WaitedFor::kInflate: return "reading and inflating";
    case WaitedFor::kParse: return "parsing";
    case WaitedFor::kDatabase: return "MySQL";
    case WaitedFor::kConnection: return "MySQL to come back";
    case WaitedFor::kPause: return "a pause (--max-load, --max-lag)";
    case WaitedFor::kIndexes: return "index build";
    case WaitedFor::kNothing: return "other work";
  }
  return "";
}

double peak_per_second(std::span<const TimelineSample> samples, double TimelineSample::*figure) {
  double peak = 0;
  for (const TimelineSample& sample : samples) {
    if (sample.watched_seconds() >= kSpeedSecondsMin) peak = std::max(peak, per_second(sample, figure));
  }
  return peak;
}

std::string speed_plot(std::span<const TimelineSample> samples, double TimelineSample::*figure, double seconds,
                       std::string_view label) {
  const double peak = peak_per_second(samples, figure);
  std::string shape;
  for (const TimelineSample& sample : samples) {
    const double height = peak > 0 ? kHeight * std::min(1.0, per_second(sample, figure) / peak) : 0;
    if (height <= 0 || seconds <= 0) continue;
    const double x = kWidth * sample.begin / seconds;
    shape += rectangle(x, kHeight - height, kWidth * sample.end / seconds - x, height);
  }
  return svg("plot", label, path("speed", shape));
}

std::string wait_bands(std::span<const TimelineSample> samples, double seconds, std::string_view label) {
  std::array<std::string, kWaitCount> shapes;
  for (const TimelineSample& sample : samples) {
    const double all = sample.watched_seconds();
    if (all <= 0 || seconds <= 0) continue;
    const double x = kWidth * sample.begin / seconds;
    const double width = kWidth * sample.end / seconds - x;
    double y = 0;
    for (std::size_t wait = 0; wait < kWaitCount; ++wait) {
      const double height = kHeight * sample.waits[wait] / all;
      if (height <= 0) continue;
      shapes[wait] += rectangle(x, y, width, height);
      y += height;
    }
  }
  std::string paths;
  for (std::size_t wait = 0; wait < kWaitCount; ++wait)
    paths += path(class_of(static_cast<WaitedFor>(wait)), shapes[wait]);
  return svg("bands", label, paths);
}

std::string sparkline(std::span<const double> values, std::string_view label) {
  if (values.empty()) return "";
  double most = 0;
  for (const double value : values) most = std::isnan(value) ? most : std::max(most, value);
  const double room = kWidth / static_cast<double>(values.size());
  std::string before;
  std::string last;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    const double height = most > 0 ? std::max(1.0, kHeight * values[i] / most) : 1;
    const std::string bar = rectangle(room * static_cast<double>(i), kHeight - height, room * kBarShare, height);
    (i + 1 == values.size() ? last : before) += bar;
  }
  return svg("spark", label, path("bar", before) + path("bar last", last));
}

}  // namespace chatload::report
