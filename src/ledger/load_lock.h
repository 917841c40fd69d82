// A load's named lock, for a command that changes the load in the ledger.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mysql/session.h"

namespace chatload::ledger {

// not_done: what is not done to the load because a run of it is alive, "forgotten".
[[noreturn]] void refuse_alive(std::uint64_t load_id, std::string_view not_done);

// Held for as long as this lives: a run of the load that starts meanwhile waits or ends.
class LoadLock {
 public:
  // Throws DatabaseError (refuse_alive()) where a run of the load has it, and StatementError.
  LoadLock(mysql::Session& session, std::uint64_t load_id, const std::string& lock_name, std::string_view not_done);
  LoadLock(const LoadLock&) = delete;
  LoadLock& operator=(const LoadLock&) = delete;
  ~LoadLock();

 private:
  mysql::Session& session_;
  std::string name_;  // quoted
};

}  // namespace chatload::ledger
