#include "load/guess.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/errors.h"
#include "base/line_lead.h"
#include "parse/record_surveyor.h"
#include "pipeline/input_ranges.h"
#include "source/input.h"

namespace chatload::load {
namespace {

// A quarter of the memory, in hashes of values.
std::size_t values_max(const cli::ReadPlan& read) {
  return read.memory_bytes.value_or(cli::kMemoryBytesDefault) / 4 / sizeof(std::uint64_t);
}

void survey_records(const split::Range& range, parse::RecordSurveyor& surveyor) {
  const PaddedView bytes = range.bytes.view();
  if (range.records) {
    for (const split::RecordSpan& record : *range.records) surveyor.add(bytes.part(record.begin, record.size_bytes));
    return;
  }
  const std::string_view text = bytes.text();
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t newline = std::min(text.find('\n', begin), text.size());
    std::size_t end = newline;
    if (end > begin && text[end - 1] == '\r') --end;
    const std::size_t lead = line_lead_bytes(text.substr(begin, end - begin));
    surveyor.add(bytes.part(begin + lead, end - begin - lead));
    begin = newline + 1;
  }
}

}  // namespace

mapping::FieldSurvey survey_inputs(const cli::GuessPlan& plan, const StopSignal& stop) {
  parse::RecordSurveyor surveyor(values_max(plan.read));
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
      survey_records(range, surveyor);
      bytes_left -= std::min(bytes_left, range.length_bytes());
    }
    if (stop.requested()) throw Interrupted();
  }
  mapping::FieldSurvey survey = surveyor.survey();
  survey.is_whole = is_whole;
  if (survey.records > 0) return survey;
  throw LoadError(
      fmt::format("{}: no record is a JSON object, so there is nothing to guess a mapping from.", plan.inputs.front()));
}

}  // namespace chatload::load
