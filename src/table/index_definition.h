// The text of SHOW CREATE TABLE → the table's plain indexes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace chatload::table {

struct IndexDefinition {
  std::string name;
  std::string text;  // as ALTER TABLE ... ADD takes it: KEY `site_id` (`site_id`)

  bool operator==(const IndexDefinition&) const = default;
};

// Those that the server shows as KEY: neither the primary key nor a unique, full-text, spatial or vector index. In the
// table's order. REQUIRES: identifiers in backticks, and backslashes that escape (mysql/session.h), as SHOW CREATE
// TABLE writes under the pinned sql_mode and sql_quote_show_create = 1.
[[nodiscard]] std::vector<IndexDefinition> plain_indexes(std::string_view create_table);

}  // namespace chatload::table
