#include "report/reject_sink.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"

namespace chatload::report {

RejectSink::RejectSink(std::string input, RejectLimit limit, RejectWriter* writer, std::string where_all_are,
                       LongTexts* long_texts)
    : input_(std::move(input)),
      budget_(limit),
      writer_(writer),
      where_all_are_(std::move(where_all_are)),
      long_texts_(long_texts) {}

bool RejectSink::add(const RejectRecord& record) {
  ++rejected_;
  ++shown_;
  if (shown_ <= kShownMax) log_warning(fmt::format("{}: {}", input_, to_text(record)));
  if (shown_ == kShownMax + 1) log_warning(fmt::format("{}: more lines are rejected; {}", input_, where_all_are_));
  if (long_texts_ != nullptr && record.reason == parse::RejectReason::kTooLong) {
    long_texts_->add(record.field, record.raw);
  }
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
    return fmt::format(
        "{}: every line that is not blank was rejected; is this a chat log? `chatload check` shows what is wrong with "
        "its lines.",
        input_);
  }
  return std::nullopt;
}

}  // namespace chatload::report
