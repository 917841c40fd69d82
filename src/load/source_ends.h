// Marks the sources of a load in file order as done while it runs: a run that is killed leaves the next one those alone
// that it was in the middle of.
#pragma once

#include <chrono>
#include <vector>

#include "ledger/source_ledger.h"
#include "load/load.h"
#include "mysql/control_connection.h"
#include "pipeline/source_account.h"

namespace chatload::load {

// As far as it was read.
[[nodiscard]] ledger::SourceEnd end_of(const pipeline::SourceAccount& account);

// Single-threaded; borrows what it is given.
class SourceEnds {
 public:
  // Many at once, so that a file costs no commit of its own.
  static constexpr std::chrono::seconds kInterval{1};

  SourceEnds(mysql::ControlConnection& control, const Load& load) : control_(control), load_(load) {}

  // Of one that is whole. What the server does not take now is recorded at the load's end, with all others.
  void add(const pipeline::SourceAccount& account);

 private:
  using Clock = std::chrono::steady_clock;

  mysql::ControlConnection& control_;
  const Load& load_;
  std::vector<ledger::SourceEnd> ends_;
  Clock::time_point recorded_at_ = Clock::now();
};

}  // namespace chatload::load
