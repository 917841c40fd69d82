#include "report/reject_sink.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "base/quantity.h"

namespace chatload::report {

RejectSink::RejectSink(std::string input, RejectLimit limit, RejectWriter* writer, std::string where_all_are,
                       RejectSurvey* survey)
    : input_(std::move(input)),
      budget_(limit),
      writer_(writer),
      where_all_are_(std::move(where_all_are)),
      survey_(survey) {}

bool RejectSink::add(const RejectRecord& record) {
  ++rejected_;
  ++shown_;
  if (shown_ <= kShownMax) log_warning(fmt::format("{}: {}", input_, to_text(record)));
  if (shown_ == kShownMax + 1) log_warning(fmt::format("{}: more lines are rejected; {}", input_, where_all_are_));
  if (survey_ != nullptr) survey_->add(record);
  if (writer_ != nullptr) writer_->write(record, input_);
  return budget_.add(std::max(record.line, read_up_to_));
}

bool RejectSink::add_recorded(LineNumber line) {
  ++rejected_;
  return budget_.add(std::max(line, read_up_to_));
}

std::optional<std::string> RejectSink::verdict_at_end(std::uint64_t lines, std::uint64_t blank) const {
  if (!budget_.holds_at_end(lines)) return verdict();
  if (rejected_ > 0 && rejected_ == lines - blank) {
    const std::string all = format_count(rejected_) + (rejected_ == 1 ? " line" : " lines");
    return none_fits(input_, all, survey_);
  }
  return std::nullopt;
}

std::string none_fits(std::string_view input, std::string_view lines, const RejectSurvey* survey) {
  const std::string why = survey == nullptr ? "" : survey->to_text(input);
  return fmt::format("{}: none of its {} can be loaded{}", input, lines,
                     why.empty() ? "; `chatload rejects` lists them with their reasons." : ": " + why);
}

}  // namespace chatload::report
