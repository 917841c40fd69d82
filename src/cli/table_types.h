// The types of columns for which a mapping says none: the table's.
#pragma once

#include <functional>
#include <memory>

#include "mapping/mapping_file.h"
#include "mysql/endpoint.h"
#include "mysql/retry_policy.h"

namespace chatload::cli {

// Asks the server at the first such column, and then no more. What it returns throws what endpoint() and connecting
// throw, and DatabaseError where the server refuses to answer. retry: for how long it asks a server that is away; not
// given: once.
[[nodiscard]] mapping::DeclaredTypes table_types(std::function<mysql::Endpoint()> endpoint,
                                                 std::shared_ptr<mysql::RetryPolicy> retry = nullptr);

}  // namespace chatload::cli
