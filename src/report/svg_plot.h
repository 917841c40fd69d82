// Figures over time → SVG without any text, for a page that stretches it to its width and labels it in HTML. So labels
// stay readable on a narrow screen. Colours are the page's: an element has a class, and no more.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "report/timeline.h"

namespace chatload::report {

// The class of a wait's colour, "wait-parse", and what a legend calls it.
[[nodiscard]] std::string_view class_of(WaitedFor wait);
[[nodiscard]] std::string_view legend_of(WaitedFor wait);

// The highest of the samples' speeds a second; very short samples do not count. figure: &TimelineSample::rows, or
// bytes.
[[nodiscard]] double peak_per_second(std::span<const TimelineSample> samples, double TimelineSample::*figure);

// Speeds from second 0 to `seconds`: one area, as high as the plot where the speed is the peak. label: for screen
// readers, escaped already.
[[nodiscard]] std::string speed_plot(std::span<const TimelineSample> samples, double TimelineSample::*figure,
                                     double seconds, std::string_view label);

// What was waited for from second 0 to `seconds`: each sample is a column of one height, divided by its waits.
[[nodiscard]] std::string wait_bands(std::span<const TimelineSample> samples, double seconds, std::string_view label);

// A bar for each value, the last one marked; NaN is a gap. Empty where there is none.
[[nodiscard]] std::string sparkline(std::span<const double> values, std::string_view label);

}  // namespace chatload::report
