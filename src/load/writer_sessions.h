// The writers' connections of a run: as many as are wanted, or as the server and the user's account give.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/stop_signal.h"
#include "cli/plan.h"
#include "mysql/retry_policy.h"
#include "mysql/session.h"

namespace chatload::load {

// Single-threaded; borrows all that it is given. All throw ConnectError where the server is away for longer than the
// retry policy has it, and Interrupted.
class WriterSessions {
 public:
  using Connect = std::function<mysql::Session()>;

  WriterSessions(const cli::WritePlan& plan, Connect connect, mysql::RetryPolicy& retry, const StopSignal& stop);

  // Opened where there is none. It stays where it is until the next call of another function.
  [[nodiscard]] mysql::Session& first();

  // At the start of a run. beside: the other connections that it has at once. Throws DatabaseError where the account
  // may have fewer than a load needs.
  void require_enough(unsigned beside);

  // `fitting`, or fewer where the account's limit allows no more.
  [[nodiscard]] unsigned allowed(unsigned fitting) const;

  // Before rows are written: allowed(fitting), or fewer where the server gives no more, one at least; says so where it
  // is fewer. Asked again for the next input, since other sessions may leave.
  std::span<mysql::Session> open(const std::string& input, unsigned fitting);

  // That are open.
  [[nodiscard]] unsigned count() const { return static_cast<unsigned>(sessions_.size()); }

  // Makes room for a connection of another kind.
  void close() { sessions_.clear(); }

 private:
  [[nodiscard]] mysql::Session connect_patiently();
  [[nodiscard]] bool open_one_more();

  const cli::WritePlan& plan_;
  const Connect connect_;
  mysql::RetryPolicy& retry_;
  const StopSignal& stop_;
  std::vector<mysql::Session> sessions_;
  std::optional<unsigned> account_has_;  // for writers, where the account is limited
  bool has_waited_ = false;              // for connections that the server did not give
  std::size_t count_said_ = 0;           // that work, where it is fewer
};

}  // namespace chatload::load
