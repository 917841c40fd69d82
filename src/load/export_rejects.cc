#include "load/export_rejects.h"

#include <fmt/format.h>

#include "base/errors.h"
#include "ledger/reject_reader.h"
#include "mysql/retry_policy.h"

namespace chatload::load {

void export_rejects_of(Run& run, std::uint64_t load_id, const std::string& name, bool is_patient) {
  if (run.rejects() == nullptr) return;
  run.writers().close();  // the account may have no more connections
  ledger::RejectPlace exported;
  mysql::RetryPolicy::Clock::time_point since;
  for (unsigned failures = 0;;) {
    const ledger::RejectPlace before = exported;
    const auto failed = [&](const auto& error) {
      if (exported != before) failures = 0;
      if (failures == 0) since = mysql::RetryPolicy::Clock::now();
      if (is_patient && run.retry().may_redo(error) && run.retry().wait(since, failures++, error.what())) return;
      if (run.stop().requested()) throw Interrupted();
      throw DatabaseError(
          fmt::format("{}: its rejected lines cannot be read for --rejects ({}); `chatload rejects {} -o FILE.json.gz` "
                      "exports them.",
                      name, error.what(), load_id));
    };
    try {
      mysql::Session session = run.connect();
      ledger::read_rejects(session, {.load = load_id, .has_superseded = false}, exported,
                           [&](const ledger::StoredReject& reject) {
                             run.rejects()->write(report::record_of(reject), reject.input);
                             exported = {reject.source, reject.line};
                             return !run.stop().requested();
                           });
      if (run.stop().requested()) throw Interrupted();
      return;
    } catch (const mysql::StatementError& error) {
      failed(error);
    } catch (const mysql::ConnectError& error) {
      failed(error);
    }
  }
}

}  // namespace chatload::load
