// What a server lets one transaction hold. A cluster certifies each as a whole, and ships it so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "mysql/session.h"

namespace chatload::table {

struct TransactionLimits {
  std::uint64_t bytes = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t rows = std::numeric_limits<std::uint64_t>::max();
  std::string names = {};  // of the variables that say so; empty where none does

  // The largest range, in bytes of JSON, whose rows fit for certain.
  [[nodiscard]] std::uint64_t range_bytes_max() const;
};

// Of Galera and of group replication; TiDB's stand in no variable. Throws StatementError.
[[nodiscard]] TransactionLimits read_transaction_limits(mysql::Session& session);

}  // namespace chatload::table
