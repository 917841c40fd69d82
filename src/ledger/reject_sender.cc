#include "ledger/reject_sender.h"

#include <fmt/format.h>

#include <string_view>

#include "ledger/ledger_input.h"
#include "ledger/line_failure.h"

namespace chatload::ledger {

RejectSender::RejectSender(mysql::Session& session, const mapping::Mapping& mapping, std::uint64_t load_id,
                           std::size_t statement_bytes_max)
    : session_(session),
      mapping_(mapping),
      load_id_(load_id),
      statement_bytes_max_(statement_bytes_max),
      statement_(load_id, statement_bytes_max) {}

std::size_t RejectSender::bytes_max() const { return session_.statement_bytes_max(statement_bytes_max_); }

void RejectSender::begin_transaction() { statement_.begin(bytes_max()); }

void RejectSender::add(const Reject& reject) {
  if (statement_.append(reject)) return;
  flush();
  if (!statement_.append(reject)) throw line_too_long(reject.line, bytes_max());
}

void RejectSender::add(const parse::RawReject& reject) {
  const std::string detail = reject.detail();
  add({.source = reject.source,
       .line = reject.line,
       .offset = reject.offset,
       .reason = reject.reason,
       .field = reject.column(mapping_),
       .detail = detail,
       .raw = reject.raw});
}

void RejectSender::flush() {
  if (statement_.empty()) return;
  try {
    require_no_warning(session_, session_.update(statement_.sql()), "the rejected lines");
  } catch (const mysql::StatementError& error) {
    if (classify(error) != mysql::ErrorClass::kDuplicateKey) throw;
    throw damaged_ledger(load_id_, fmt::format("chatload_rejects has lines of a range that chatload_ranges lacks ({})",
                                               error.message()));
  }
  begin_transaction();
}

}  // namespace chatload::ledger
