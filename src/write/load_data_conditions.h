// Whether LOAD DATA LOCAL takes a table's rows as strictly as an INSERT.
#pragma once

#include <optional>
#include <string>

#include "write/load_modes.h"
#include "write/session.h"
#include "write/table_info.h"

namespace chatload::write {

// Why not, half a sentence for people, or nothing where row_sender.cc can tell by its counts that it has. Throws
// StatementError.
[[nodiscard]] std::optional<std::string> why_not_load_data(Session& session, const TableInfo& table, OnDuplicate mode);

}  // namespace chatload::write
