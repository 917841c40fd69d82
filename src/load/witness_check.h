// Before the ledger is believed: whether the table still has the rows that it speaks of.
#pragma once

#include <cstdint>
#include <string>

#include "base/stop_signal.h"
#include "ledger/witnesses.h"
#include "mysql/control_connection.h"

namespace chatload::load {

// Single-threaded; borrows the connection and the stop. Throws Interrupted after a stop.
class WitnessCheck {
 public:
  WitnessCheck(ledger::WitnessTable where, mysql::ControlConnection& control, const StopSignal& stop);

  [[nodiscard]] const std::string& table() const { return where_.table; }

  // Of a load that is not done, before its ranges are skipped, when all are in, and after an index build. Throws
  // LoadError, which names --restart, where a row is missing.
  void require_rows(const std::string& input, std::uint64_t load_id) const;

  // Of a load that is done, before a run takes it as it is. Throws LoadError, which names --reload, where its rows are
  // gone, and warns where some are.
  void require_rows_of_done(const std::string& input, std::uint64_t load_id) const;

 private:
  const ledger::WitnessTable where_;
  mysql::ControlConnection& control_;
  const StopSignal& stop_;
};

}  // namespace chatload::load
