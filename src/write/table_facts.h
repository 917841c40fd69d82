// How large the table and the server's memory are: what the order of rows is chosen by.
#pragma once

#include <cstdint>
#include <string>

#include "write/session.h"

namespace chatload::write {

struct TableFacts {
  std::uint64_t data_bytes = 0;         // of its rows, as the server estimates them
  std::uint64_t buffer_pool_bytes = 0;  // @@innodb_buffer_pool_size
};

// Throws StatementError.
[[nodiscard]] TableFacts table_facts(Session& session, const std::string& table);

}  // namespace chatload::write
