// The text of the files in schema/: its statements, and the tables that they create.
//
// This reads our own files only, which keep to these forms: a statement ends with a ';' that ends its line; it creates
// a table by CREATE TABLE IF NOT EXISTS, with its name in backticks; each column and each key stands on a line of its
// own, indented by two spaces; or it adds one column by ALTER TABLE ... ADD COLUMN, on one line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chatload::table {

struct ColumnDefinition {
  std::string name;
  std::string type;  // without length and attributes, in lower case: information_schema.COLUMNS.DATA_TYPE
};

struct TableDefinition {
  std::string name;
  std::vector<ColumnDefinition> columns;
  std::vector<std::string> unique_keys;  // the primary key's and the unique keys' columns: "load_id,range_number"
};

struct AddedColumn {
  std::string table;
  ColumnDefinition column;
  std::string_view statement;  // without the comments in front of it
};

// Without the ';'. Comments in front of a statement are a part of it. The views are of sql.
[[nodiscard]] std::vector<std::string_view> split_statements(std::string_view sql);

// Nothing where the statement does anything else.
[[nodiscard]] std::optional<TableDefinition> created_table(std::string_view statement);

// The same of one that adds a column.
[[nodiscard]] std::optional<AddedColumn> added_column(std::string_view statement);

}  // namespace chatload::table
