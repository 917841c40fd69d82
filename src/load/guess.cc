#include "load/guess.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/errors.h"
#include "base/json_scalar.h"
#include "base/line_lead.h"
#include "base/log.h"
#include "base/quantity.h"
#include "base/record_form.h"
#include "base/shell_word.h"
#include "base/terminal_text.h"
#include "base/trim.h"
#include "inflate/content_kind.h"
#include "inflate/json_shape.h"
#include "mapping/mapping.h"
#include "parse/record_surveyor.h"
#include "pipeline/input_ranges.h"
#include "source/input.h"

namespace chatload::load {
namespace {

// A quarter of the memory, in hashes of values.
std::size_t values_max(const cli::ReadPlan& read) {
  return read.memory_bytes.value_or(cli::kMemoryBytesDefault) / 4 / sizeof(std::uint64_t);
}

// All records, and what must be known of lines beside what is in them.
class InputSurvey {
 public:
  explicit InputSurvey(const cli::ReadPlan& read)
      : surveyor_(values_max(read)), line_bytes_max_(read.split.line_bytes_max) {}

  void add(const split::Range& range) {
    const PaddedView bytes = range.bytes.view();
    if (range.records) {
      for (const split::RecordSpan& record : *range.records) surveyor_.add(bytes.part(record.begin, record.size_bytes));
      return;
    }
    const std::string_view text = bytes.text();
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t newline = std::min(text.find('\n', begin), text.size());
      std::size_t end = newline;
      if (end > begin && text[end - 1] == '\r') --end;
      const std::size_t lead = line_lead_bytes(text.substr(begin, end - begin));
      add_line(bytes.part(begin + lead, end - begin - lead));
      begin = newline + 1;
    }
  }

  [[nodiscard]] mapping::FieldSurvey survey() const {
    mapping::FieldSurvey survey = surveyor_.survey();
    survey.others += too_long_;
    return survey;
  }

  // The beginning of the first line that is not blank; empty where records are no lines.
  [[nodiscard]] std::string_view first_line() const { return first_line_; }

 private:
  void add_line(PaddedView line) {
    if (first_line_.empty()) first_line_ = trimmed(line.text().substr(0, inflate::kContentLookBytes));
    if (line.size() > line_bytes_max_) {
      ++too_long_;
    } else {
      surveyor_.add(line);
    }
  }

  parse::RecordSurveyor surveyor_;
  std::size_t line_bytes_max_;
  std::uint64_t too_long_ = 0;
  std::string first_line_;
};

// Of a line that is an array of objects, or an object with one: what it would be read with, to make them records.
std::optional<RecordForm> elements_in(std::string_view line) {
  const inflate::JsonShape shape(line);
  if (!shape.is_sound()) return std::nullopt;
  RecordForm records{.kind = RecordForm::Kind::kElements, .array = {}};
  if (line.starts_with('[')) {
    const bool has_objects = trimmed(line.substr(1)).starts_with('{');
    return has_objects ? std::optional(std::move(records)) : std::nullopt;
  }
  std::string scratch(shape.rows_key.size(), '\0');
  const std::optional<std::string_view> key = unescape(shape.rows_key, scratch.data());
  if (shape.row_arrays != 1 || !key) return std::nullopt;
  records.array.emplace_back(std::string(*key));
  return records;
}

// What to say of inputs whose lines are perhaps no records; empty where there is nothing.
std::string records_hint(std::string_view first_line) {
  const std::optional<RecordForm> records = elements_in(first_line);
  const std::string form = records ? mapping::to_string(*records) : "";
  if (form.empty() || !is_terminal_text(form)) return "";
  return fmt::format(" To read each element of the array in it as a record, add --records {}.", shell_word(form));
}

}  // namespace

mapping::FieldSurvey survey_inputs(const cli::GuessPlan& plan, const StopSignal& stop) {
  InputSurvey lines(plan.read);
  std::uint64_t bytes_left = plan.sample_bytes.value_or(UINT64_MAX);
  bool is_whole = true;
  for (const std::string& input : plan.inputs) {
    const std::shared_ptr<const source::Input> file = plan.read.opener->open(input, stop.fd());
    pipeline::InputRanges ranges(file->open(stop.fd()), plan.read, stop);
    split::Range range;
    while (std::optional<split::Range> next = ranges.next(std::move(range))) {
      is_whole = bytes_left > 0;
      if (!is_whole) break;
      range = std::move(*next);
      lines.add(range);
      bytes_left -= std::min(bytes_left, range.length_bytes());
    }
    if (stop.requested()) throw Interrupted();
  }
  mapping::FieldSurvey survey = lines.survey();
  survey.is_whole = is_whole;
  if (survey.records == 0) {
    throw LoadError(fmt::format(
        "{}: no record is a JSON object of up to {} (--max-line), so there is nothing to guess a mapping "
        "from.{}",
        plan.inputs.front(), format_size(plan.read.split.line_bytes_max), records_hint(lines.first_line())));
  }
  if (survey.records + survey.others > plan.inputs.size()) return survey;
  const std::string hint = records_hint(lines.first_line());
  if (!hint.empty()) log_warning(fmt::format("{}: the whole input is one record.{}", plan.inputs.front(), hint));
  return survey;
}

}  // namespace chatload::load
