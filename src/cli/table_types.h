// The types of columns for which a mapping says none: the table's.
#pragma once

#include <functional>

#include "mapping/mapping_file.h"
#include "mysql/endpoint.h"

namespace chatload::cli {

// Asks the server once, at the first such column. What it returns throws what endpoint() and connecting throw, and
// DatabaseError where the server refuses to answer.
[[nodiscard]] mapping::DeclaredTypes table_types(std::function<mysql::Endpoint()> endpoint);

}  // namespace chatload::cli
