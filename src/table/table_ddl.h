// The DDL of a mapping's table.
#pragma once

#include <string>

#include "mapping/mapping.h"

namespace chatload::table {

// CREATE TABLE IF NOT EXISTS, without a ';': one text for both servers.
[[nodiscard]] std::string create_statement(const mapping::Mapping& mapping);

}  // namespace chatload::table
