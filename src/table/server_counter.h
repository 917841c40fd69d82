// An AUTO_INCREMENT column that no record fills.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "mysql/session.h"

namespace chatload::table {

struct ServerCounter {
  std::string column;
  std::string type;       // for people: "INT UNSIGNED"
  std::uint64_t max = 0;  // the last value that the type has
};

// Throws DatabaseError where the counter has no room for so many more rows, as this transaction sees the table, and
// StatementError.
void require_values_left(mysql::Session& session, const std::string& table, const ServerCounter& counter,
                         std::size_t rows);

}  // namespace chatload::table
