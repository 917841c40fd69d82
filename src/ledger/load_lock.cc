#include "ledger/load_lock.h"

#include <fmt/format.h>

#include "base/errors.h"
#include "mysql/sql_text.h"

namespace chatload::ledger {

void refuse_alive(std::uint64_t load_id, std::string_view not_done) {
  throw DatabaseError(fmt::format(
      "Load {} is not {}, because a run of it is alive; stop that run first, or wait for its end.", load_id, not_done));
}

LoadLock::LoadLock(mysql::Session& session, std::uint64_t load_id, const std::string& lock_name,
                   std::string_view not_done)
    : session_(session), name_(mysql::quote_text(lock_name)) {
  if (!mysql::get_lock(session_, lock_name)) refuse_alive(load_id, not_done);
}

LoadLock::~LoadLock() {
  try {
    (void)session_.query("SELECT RELEASE_LOCK(" + name_ + ")");
  } catch (const mysql::StatementError&) {
    // The connection is gone, and the lock with it.
  }
}

}  // namespace chatload::ledger
