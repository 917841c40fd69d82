// The types of columns for which a mapping says none: the table's.
#pragma once

#include <chrono>
#include <functional>

#include "base/stop_signal.h"
#include "mapping/mapping_file.h"
#include "mysql/endpoint.h"

namespace chatload::cli {

// Asks the server at the first such column, and then no more; for as long as retry_for a server that is away. What it
// returns borrows `stop`, and throws what endpoint() and connecting throw, DatabaseError where the server refuses to
// answer, and Interrupted.
[[nodiscard]] mapping::DeclaredTypes table_types(std::function<mysql::Endpoint()> endpoint,
                                                 std::chrono::milliseconds retry_for, const StopSignal& stop);

}  // namespace chatload::cli
