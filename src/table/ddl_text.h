// The text of the files in schema/: its statements, when they are run, and the tables that they leave.
//
// This reads our own files only, which keep to these forms. A statement ends with a ';' that ends its line. It creates
// a table by CREATE TABLE IF NOT EXISTS, with its name in backticks, each column and each key on a line of its own,
// indented by two spaces. It changes one by ALTER TABLE, a clause a line: ADD, MODIFY or DROP COLUMN, DROP KEY, DROP or
// ADD PRIMARY KEY. Every other statement has a line "-- if: `table`.`column`" in the comments in front of it.
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

struct UniqueKey {
  std::string name;     // PRIMARY, as in information_schema.STATISTICS
  std::string columns;  // "load_id,range_number"
};

struct TableDefinition {
  std::string name;
  std::vector<ColumnDefinition> columns;
  std::vector<UniqueKey> unique_keys;
};

// When a statement is run. A crash may come between two statements of a file, because DDL commits by itself, and MySQL
// has no ADD COLUMN IF NOT EXISTS and no DROP COLUMN IF EXISTS.
struct Condition {
  std::string table;
  std::string column;
  bool is_there = true;  // true: while the column is there; false: while it is not
};

// Without the ';'. Comments in front of a statement are a part of it. The views are of sql.
[[nodiscard]] std::vector<std::string_view> split_statements(std::string_view sql);

// The statement without the comments in front of it.
[[nodiscard]] std::string_view without_comments(std::string_view statement);

// That of the line "-- if:". Without one, a statement that begins with ADD COLUMN is run while that column is not
// there.
[[nodiscard]] std::optional<Condition> condition_of(std::string_view statement);

// Nothing where the statement does anything else.
[[nodiscard]] std::optional<TableDefinition> created_table(std::string_view statement);

// Changes the definition of the table that the statement alters, if it is one of these.
void alter(std::vector<TableDefinition>& tables, std::string_view statement);

}  // namespace chatload::table
