// The lock by which a load has a table for itself.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/stop_signal.h"
#include "mysql/control_connection.h"
#include "mysql/session.h"

namespace chatload::load {

// Held by the control connection. Who takes it for a load looks for loads that are alive afterwards; every load is in
// the ledger first, with its own lock held, then looks whether another has the table's. So of two at least one sees the
// other.
//
// Single-threaded; borrows all that it is given. All throw DatabaseError and Interrupted.
class TableLock {
 public:
  using Wait = mysql::ControlConnection::Wait;

  // wait: for whoever has it; nothing is a wait without end.
  TableLock(std::string table, Wait wait, mysql::ControlConnection& control, const StopSignal& stop);

  // Nothing once it is held and no other load is alive; else the load that is, half a sentence. Lets go of it while it
  // waits for that one, which may wait for the lock. name: of the load that asks. Throws LoadError where another has it
  // for longer than is waited.
  [[nodiscard]] std::optional<std::string> take_alone(const std::string& name, bool waits_for_loads);

  // Returns once no other has it, and does not take it. Throws LoadError as take_alone() does.
  void wait_for_others(const std::string& name);

  // Whoever writes meanwhile. False where another has it for longer than that.
  [[nodiscard]] bool take(Wait wait);

  void leave();

  [[nodiscard]] bool is_taken() const { return is_taken_; }

  // It may have been lost with its connection.
  [[nodiscard]] bool is_held_by(mysql::Session& session) const;

 private:
  [[noreturn]] void refuse(const std::string& name, const std::string& holder);
  [[nodiscard]] mysql::ControlConnection::Say say() const;
  [[nodiscard]] std::string who(const std::string& holder) const;

  const std::string table_;
  const Wait wait_;
  mysql::ControlConnection& control_;
  const StopSignal& stop_;
  std::string lock_;
  bool is_taken_ = false;
};

}  // namespace chatload::load
