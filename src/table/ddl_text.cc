#include "table/ddl_text.h"

#include <algorithm>

namespace chatload::table {
namespace {

constexpr std::string_view kStatementEnd = ";\n";
constexpr std::string_view kCreate = "CREATE TABLE IF NOT EXISTS `";
constexpr std::string_view kAlter = "ALTER TABLE `";
constexpr std::string_view kAddColumn = " ADD COLUMN `";
constexpr std::string_view kColumn = "  `";
constexpr std::string_view kPrimaryKey = "  PRIMARY KEY (";
constexpr std::string_view kUniqueKey = "  UNIQUE KEY ";

// The text up to `end`, which is taken away with it; all of the rest where there is none.
std::string_view take_until(std::string_view& text, std::string_view end) {
  const std::string_view taken = text.substr(0, text.find(end));
  text.remove_prefix(std::min(text.size(), taken.size() + end.size()));
  return taken;
}

// "`id` VARCHAR(255) NOT NULL," without its first backtick.
ColumnDefinition to_column(std::string_view line) {
  ColumnDefinition column{std::string(take_until(line, "` ")), {}};
  for (const char letter : line.substr(0, line.find_first_of(" (,"))) {
    column.type += static_cast<char>(letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter);
  }
  return column;
}

// "(`load_id`, `line`)," from behind its bracket.
std::string to_key_columns(std::string_view line) {
  std::string columns(line.substr(0, line.find(')')));
  std::erase_if(columns, [](char letter) { return letter == '`' || letter == ' '; });
  return columns;
}

}  // namespace

std::vector<std::string_view> split_statements(std::string_view sql) {
  std::vector<std::string_view> found;
  while (!sql.empty()) found.push_back(take_until(sql, kStatementEnd));
  return found;
}

std::optional<TableDefinition> created_table(std::string_view statement) {
  const std::size_t create = statement.find(kCreate);
  if (create == std::string_view::npos) return std::nullopt;
  statement.remove_prefix(create + kCreate.size());
  TableDefinition table{std::string(take_until(statement, "`")), {}, {}};
  while (!statement.empty()) {
    std::string_view line = take_until(statement, "\n");
    if (line.starts_with(kColumn)) {
      table.columns.push_back(to_column(line.substr(kColumn.size())));
    } else if (line.starts_with(kPrimaryKey) || line.starts_with(kUniqueKey)) {
      take_until(line, "(");
      table.unique_keys.push_back(to_key_columns(line));
    }
  }
  return table;
}

std::optional<AddedColumn> added_column(std::string_view statement) {
  while (statement.starts_with("--") || statement.starts_with('\n')) take_until(statement, "\n");
  AddedColumn added{.table = {}, .column = {}, .statement = statement};
  if (!statement.starts_with(kAlter)) return std::nullopt;
  statement.remove_prefix(kAlter.size());
  added.table = take_until(statement, "`");
  if (!statement.starts_with(kAddColumn)) return std::nullopt;
  added.column = to_column(statement.substr(kAddColumn.size()));
  return added;
}

}  // namespace chatload::table
