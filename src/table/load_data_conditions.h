// Whether LOAD DATA LOCAL takes a table's rows as strictly as an INSERT.
#pragma once

#include <optional>
#include <string>

#include "base/load_modes.h"
#include "mysql/session.h"
#include "table/table_info.h"

namespace chatload::table {

// Why not, half a sentence for people, or nothing where write/row_sender.cc can tell by its counts that it has. Throws
// StatementError.
[[nodiscard]] std::optional<std::string> why_not_load_data(mysql::Session& session, const TableInfo& table,
                                                           OnDuplicate mode);

}  // namespace chatload::table
