#include "write/reject_sender.h"

#include <string_view>

#include "write/write_failure.h"

namespace chatload::write {

RejectSender::RejectSender(Session& session, const WriteContext& context)
    : session_(session), context_(context), statement_(context.ledger.load_id(), context.statement_bytes_max) {}

void RejectSender::begin_transaction() { statement_.begin(context_.statement_bytes_max_of(session_)); }

void RejectSender::add(const Reject& reject) {
  if (statement_.append(reject)) return;
  flush();
  if (!statement_.append(reject)) throw line_too_long(reject.line, context_.statement_bytes_max_of(session_));
}

void RejectSender::finish(WriteJob& job) {
  if (has_paged_) job.owner->first_rejects(job.parsed);
  for (;;) {
    for (const parse::RejectedLine& reject : job.parsed.rejects) {
      const bool has_field = reject.field != parse::kNoField;
      add({.line = job.first_line + reject.line.line_index,
           .offset = job.parsed.range.begin + reject.line.begin_bytes,
           .reason = reject.reason,
           .field = has_field ? std::string_view(context_.mapping.fields[reject.field].column) : std::string_view(),
           .detail = {},
           .raw = job.raw_of(reject.line)});
    }
    if (!job.parsed.has_more_rejects) break;
    job.owner->more_rejects(job.parsed);
    has_paged_ = true;
  }
  flush();
}

void RejectSender::flush() {
  if (statement_.empty()) return;
  require_no_warning(session_, session_.update(statement_.sql()), "the rejected lines");
  begin_transaction();
}

}  // namespace chatload::write
