// A range size of one byte makes ranges of at most one line that is not blank. So a good input costs the parsing of one
// line, and the verdict on a bad one depends on its lines alone. The line is copied twice on its way, which 10,000
// lines do not notice (20 ms).
#include "load/first_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/quantity.h"
#include "base/terminal_text.h"
#include "inflate/log_stream.h"
#include "parse/range_parser.h"
#include "parse/text_reader.h"
#include "pipeline/input_ranges.h"
#include "report/reject_sink.h"
#include "report/reject_survey.h"
#include "source/replayed_source.h"
#include "write/write_job.h"

namespace chatload::load {
namespace {

constexpr std::size_t kKeptBytesMax = 4 * kMiB;
constexpr std::size_t kRecordedBytesMax = 16 * kMiB;
constexpr std::size_t kTypesShownMax = 5;
constexpr std::size_t kTypeBytesMax = 64;  // of a type, in memory and in the log

// A reject that outlives its line.
struct KeptReject {
  report::RejectRecord record;
  std::string detail;
  std::string raw;

  [[nodiscard]] report::RejectRecord view() const {
    report::RejectRecord whole = record;
    whole.detail = detail;
    whole.raw = raw;
    return whole;
  }
};

std::string_view first_record(const split::Range& range) {
  std::string_view text = range.bytes.view().text();
  if (range.records) return text.substr(range.records->front().begin, range.records->front().size_bytes);
  text.remove_prefix(std::min(text.find_first_not_of('\n'), text.size()));
  return text.substr(0, text.find('\n'));
}

class Look {
 public:
  Look(const cli::ReadPlan& read, const mapping::Mapping& mapping)
      : mapping_(mapping),
        survey_(mapping),
        types_(mapping),
        parser_(mapping, read.filter, static_cast<std::uint32_t>(read.split.line_bytes_max)) {}

  // Whether the next line may change the verdict, or be one more to tell about.
  [[nodiscard]] bool wants_more() const {
    const std::uint64_t rejected = counts_.rejected();
    return counts_.valid == 0 && (rejected == 0 || counts_.filtered == 0) &&
           rejected + counts_.filtered < kFirstLinesMax;
  }

  [[nodiscard]] split::Range add(split::Range range) {
    job_.parsed.range = std::move(range);
    parser_.parse(job_.parsed);
    job_.first_line = LineNumber(counts_.lines + 1);
    counts_ += job_.parsed.counts;
    static_cast<void>(job_.for_each_reject([&](const parse::RawReject& reject) {
      keep(reject);
      return true;
    }));
    if (job_.parsed.counts.filtered > 0) {
      const std::string_view line = first_record(job_.parsed.range);
      const auto type = mapping_.kind ? types_.read(line, *mapping_.kind) : std::nullopt;
      if (type) ++filtered_types_[std::string(type->substr(0, kTypeBytesMax))];
    }
    return std::move(job_.parsed.range);
  }

  void require_hope(const std::string& input, bool is_whole, report::RejectWriter* rejects) const {
    const std::uint64_t rejected = counts_.rejected();
    const bool is_hopeless = rejected > kHopelessRejectsMax && counts_.valid + counts_.filtered == 0 &&
                             (is_whole || rejected == kFirstLinesMax);
    if (!is_hopeless) return;
    report::RejectReport report(mapping_, rejects);
    report.begin(
        fmt::format("the first {} {}", format_count(kept_.size()),
                    rejects != nullptr ? "are in the --rejects file" : "can be had with --rejects FILE.json.gz"));
    report::RejectSink sink(input, {}, report);
    for (const KeptReject& reject : kept_) static_cast<void>(sink.add(reject.view()));
    const std::string lines = fmt::format("{}{} lines", is_whole ? "" : "first ", format_count(rejected));
    throw HopelessInputError(report::none_fits(input, lines, &survey_), counts_);
  }

  [[nodiscard]] FilteredTypes filtered_types() && { return std::move(filtered_types_); }

 private:
  void keep(const parse::RawReject& reject) {
    const std::string detail = reject.detail();
    const report::RejectRecord record = report::record_of(reject, detail, mapping_);
    survey_.add(record);
    if (kept_.size() == kHopelessRejectsMax || kept_bytes_ > kKeptBytesMax) return;
    kept_.push_back({record, detail, std::string(reject.raw)});
    kept_bytes_ += reject.raw.size();
  }

  const mapping::Mapping& mapping_;
  report::RejectSurvey survey_;
  parse::TextReader types_;
  parse::RangeParser parser_;
  write::WriteJob job_;
  parse::ParseCounts counts_;
  std::vector<KeptReject> kept_;
  std::size_t kept_bytes_ = 0;
  FilteredTypes filtered_types_;
};

FilteredTypes look(const std::string& input, std::unique_ptr<source::ByteSource> bytes, cli::ReadPlan read,
                   const mapping::Mapping& mapping, report::RejectWriter* rejects, const StopSignal& stop) {
  read.split.range_bytes = 1;
  Look look(read, mapping);
  bool is_whole = false;
  try {
    pipeline::InputRanges ranges(std::move(bytes), read, stop);
    split::Range range;
    while (look.wants_more()) {
      std::optional<split::Range> next = ranges.next(std::move(range));
      if (!next) {
        is_whole = !stop.requested();
        break;
      }
      range = look.add(std::move(*next));
    }
  } catch (const inflate::ForeignContentError&) {
    throw;
  } catch (const Error&) {
    // It is too much to be kept, or whoever reads the input next says what is wrong.
  }
  look.require_hope(input, is_whole, rejects);
  return std::move(look).filtered_types();
}

std::span<const std::string> kinds_wanted(const mapping::Mapping& mapping, const parse::RowFilter& filter) {
  if (!mapping.kind) return {};
  return filter.values_of(mapping.columns[*mapping.kind].name);
}

// The flags that filter, but for the one by kind.
std::string other_flags(const mapping::Mapping& mapping) {
  const char* const by_value = mapping.column_of(cli::kSiteColumn) ? "--site" : "--only";
  return mapping.time ? fmt::format("{}, --since and --until", by_value) : by_value;
}

std::string kind_flag(const mapping::Mapping& mapping, std::span<const std::string> wanted) {
  const std::string& name = mapping.columns[*mapping.kind].name;
  const std::string flag = name == cli::kTypeColumn ? "--type" : "--only " + name;
  return fmt::format("{} ({})", flag, wanted.empty() ? "any" : fmt::format("{}", fmt::join(wanted, ", ")));
}

std::string all_filtered_text(std::uint64_t lines, const FilteredTypes& types, const mapping::Mapping& mapping,
                              const parse::RowFilter& filter) {
  std::vector<std::pair<std::string, std::uint64_t>> most(types.begin(), types.end());
  std::stable_sort(most.begin(), most.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string seen;
  std::uint64_t looked_at = 0;
  for (const auto& [type, its_lines] : types) looked_at += its_lines;
  for (std::size_t i = 0; i < std::min(most.size(), kTypesShownMax); ++i) {
    seen += fmt::format("{}`{}` ({})", i == 0 ? "" : ", ", terminal_text(most[i].first, kTypeBytesMax),
                        format_count(most[i].second));
  }
  if (most.size() > kTypesShownMax) seen += fmt::format(", and {} more", most.size() - kTypesShownMax);
  const std::span<const std::string> wanted = kinds_wanted(mapping, filter);
  const auto is_wanted = [&](const auto& type) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), type.first) != wanted.end();
  };
  const bool have_all_wanted_types = !most.empty() && std::all_of(most.begin(), most.end(), is_wanted);
  std::string text =
      fmt::format("all of its {} lines are filtered out, so there is nothing to load", format_count(lines));
  if (!seen.empty()) {
    text +=
        fmt::format("; {} types are {}",
                    looked_at < lines ? fmt::format("of the first {}, the", format_count(looked_at)) : "their", seen);
  }
  const std::string others = other_flags(mapping);
  if (have_all_wanted_types || !mapping.kind) return text + fmt::format("; no line passes {}", others);
  return text +
         fmt::format("; no line passes {}{}{}", kind_flag(mapping, wanted), mapping.time ? ", " : " and ", others);
}

}  // namespace

LookedAtInput open_and_look(const source::Input& file, const cli::ReadPlan& read, const mapping::Mapping& mapping,
                            report::RejectWriter* rejects, const StopSignal& stop) {
  if (file.can_seek()) {
    FilteredTypes types = look(file.name(), file.open(stop.fd()), read, mapping, rejects, stop);
    return {file.open(stop.fd()), std::move(types)};
  }
  source::Recording recording{.source = file.open(stop.fd()), .bytes = {}};
  FilteredTypes types = look(file.name(), std::make_unique<source::RecordingSource>(recording, kRecordedBytesMax), read,
                             mapping, rejects, stop);
  return {std::make_unique<source::ReplayedSource>(std::move(recording)), std::move(types)};
}

void say_if_all_filtered(const std::string& input, const parse::ParseCounts& counts, const FilteredTypes& types,
                         const mapping::Mapping& mapping, const parse::RowFilter& filter) {
  if (counts.filtered == 0 || counts.filtered != counts.lines - counts.blank) return;
  log_warning(fmt::format("{}: {}.", input, all_filtered_text(counts.filtered, types, mapping, filter)));
}

}  // namespace chatload::load
