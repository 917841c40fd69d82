// chatload schema print|apply|check: the DDL in schema/, embedded in the binary.
#pragma once

#include <string>
#include <string_view>

#include "parse/mapping.h"
#include "write/session.h"

namespace chatload::write {

// Every schema/NNN_*.sql in order, one text; it runs on MySQL and on MariaDB.
[[nodiscard]] std::string_view schema_sql();

// Creates what is missing, changes nothing that is there; returns a line a table for people. Throws DatabaseError where
// the server refuses.
[[nodiscard]] std::string apply_schema(Session& session);

// What a load would find in the mapping's table: a line that it can be loaded, then a note a line on what costs speed
// (a key that does not compare bytes, another unique key, no index on the site or the time). Throws DatabaseError as
// inspect_table does where a load would refuse the table.
[[nodiscard]] std::string check_schema(Session& session, const parse::Mapping& mapping);

}  // namespace chatload::write
