// The columns of a table that is there, declared as a mapping declares them.
#pragma once

#include <map>
#include <string>

#include "mysql/session.h"

namespace chatload::table {

// By the column's name: "VARCHAR(50) NOT NULL DEFAULT ''", which mapping::parse_sql_type() reads, or the server's own
// text of a type that no mapping has. Without character sets and collations, which a load asks for. A default is left
// out that no mapping can have: an expression, a text with a backslash, one of more than 255 bytes, or of a type
// without. Empty where there is no such table. Throws StatementError.
[[nodiscard]] std::map<std::string, std::string> declared_types(mysql::Session& session, const std::string& table);

}  // namespace chatload::table
