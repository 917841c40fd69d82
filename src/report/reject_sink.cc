#include "report/reject_sink.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "base/quantity.h"

namespace chatload::report {

RejectSink::RejectSink(std::string input, RejectLimit limit, RejectReport& report)
    : input_(std::move(input)), budget_(limit), may_be_all_(limit.may_be_all), report_(report) {}

bool RejectSink::add(const RejectRecord& record, std::string_view input) {
  if (input.empty()) input = input_;
  ++rejected_;
  const std::uint64_t shown = ++report_.shown;
  if (shown <= kShownMax) log_warning(fmt::format("{}: {}", input, to_text(record)));
  if (shown == kShownMax + 1) log_warning(fmt::format("{}: more lines are rejected; {}", input, report_.where_all_are));
  if (!survey_) survey_.emplace(report_.mapping);
  survey_->add(record);
  report_.survey->add(record);
  if (report_.writer != nullptr) report_.writer->write(record, input);
  return budget_.add(std::max(record.line, read_up_to_));
}

void RejectSink::presume(std::uint64_t rejected) {
  for (std::uint64_t i = 0; i < rejected; ++i) static_cast<void>(add_recorded(read_up_to_));
}

bool RejectSink::add_recorded(LineNumber line) {
  ++rejected_;
  return budget_.add(std::max(line, read_up_to_));
}

std::optional<std::string> RejectSink::verdict_at_end(std::uint64_t lines, std::uint64_t blank,
                                                      std::uint64_t not_added) const {
  if (!budget_.holds_at_end(lines)) return verdict();
  const std::uint64_t rejected = rejected_ + not_added;
  if (!may_be_all_ && rejected > 0 && rejected == lines - blank) {
    const std::string all = format_count(rejected) + (rejected == 1 ? " line" : " lines");
    return none_fits(input_, all, survey_ ? &*survey_ : nullptr);
  }
  return std::nullopt;
}

std::string none_fits(std::string_view input, std::string_view lines, const RejectSurvey* survey) {
  const std::string why = survey == nullptr ? "" : survey->to_text(input);
  return fmt::format("{}: none of its {} can be loaded{}", input, lines,
                     why.empty() ? "; `chatload rejects` lists them with their reasons." : ": " + why);
}

}  // namespace chatload::report
