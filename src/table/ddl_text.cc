#include "table/ddl_text.h"

#include <algorithm>
#include <utility>

namespace chatload::table {
namespace {

constexpr std::string_view kStatementEnd = ";\n";
constexpr std::string_view kCreate = "CREATE TABLE IF NOT EXISTS `";
constexpr std::string_view kAlter = "ALTER TABLE `";
constexpr std::string_view kClauseEnd = ",\n";
constexpr std::string_view kAddColumn = "ADD COLUMN `";
constexpr std::string_view kModifyColumn = "MODIFY COLUMN `";
constexpr std::string_view kDropColumn = "DROP COLUMN `";
constexpr std::string_view kDropKey = "DROP KEY `";
constexpr std::string_view kDropPrimaryKey = "DROP PRIMARY KEY";
constexpr std::string_view kAddPrimaryKey = "ADD PRIMARY KEY (";
constexpr std::string_view kIf = "-- if: `";
constexpr std::string_view kPrimary = "PRIMARY";
constexpr std::string_view kColumn = "  `";
constexpr std::string_view kPrimaryKey = "  PRIMARY KEY (";
constexpr std::string_view kUniqueKey = "  UNIQUE KEY `";

// The text up to `end`, which is taken away with it; all of the rest where there is none.
std::string_view take_until(std::string_view& text, std::string_view end) {
  const std::string_view taken = text.substr(0, text.find(end));
  text.remove_prefix(std::min(text.size(), taken.size() + end.size()));
  return taken;
}

// Whether the text began with that, which is taken away.
bool take(std::string_view& text, std::string_view begin) {
  const bool has_begin = text.starts_with(begin);
  if (has_begin) text.remove_prefix(begin.size());
  return has_begin;
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
UniqueKey to_key(std::string_view name, std::string_view line) {
  UniqueKey key{std::string(name), std::string(line.substr(0, line.find(')')))};
  std::erase_if(key.columns, [](char letter) { return letter == '`' || letter == ' '; });
  return key;
}

template <typename Part>
void drop(std::vector<Part>& parts, std::string_view name) {
  std::erase_if(parts, [&](const Part& part) { return part.name == name; });
}

void apply_clause(TableDefinition& table, std::string_view clause) {
  if (take(clause, kAddColumn) || take(clause, kModifyColumn)) {
    ColumnDefinition column = to_column(clause);
    drop(table.columns, column.name);
    table.columns.push_back(std::move(column));
  } else if (take(clause, kDropColumn)) {
    drop(table.columns, take_until(clause, "`"));
  } else if (take(clause, kDropKey)) {
    drop(table.unique_keys, take_until(clause, "`"));
  } else if (take(clause, kDropPrimaryKey)) {
    drop(table.unique_keys, kPrimary);
  } else if (take(clause, kAddPrimaryKey)) {
    table.unique_keys.push_back(to_key(kPrimary, clause));
  }
}

}  // namespace

std::vector<std::string_view> split_statements(std::string_view sql) {
  std::vector<std::string_view> found;
  while (!sql.empty()) {
    const std::string_view statement = take_until(sql, kStatementEnd);
    if (!without_comments(statement).empty()) found.push_back(statement);
  }
  return found;
}

std::string_view without_comments(std::string_view statement) {
  while (statement.starts_with("--") || statement.starts_with('\n')) take_until(statement, "\n");
  return statement;
}

std::optional<Condition> condition_of(std::string_view statement) {
  std::string_view text = without_comments(statement);
  std::string_view comments = statement.substr(0, statement.size() - text.size());
  while (!comments.empty()) {
    std::string_view line = take_until(comments, "\n");
    if (!take(line, kIf)) continue;
    const std::string_view table = take_until(line, "`.`");
    return Condition{std::string(table), std::string(take_until(line, "`"))};
  }
  if (!take(text, kAlter)) return std::nullopt;
  const std::string_view table = take_until(text, "` ");
  if (!take(text, kAddColumn)) return std::nullopt;
  return Condition{std::string(table), to_column(text).name, false};
}

std::optional<TableDefinition> created_table(std::string_view statement) {
  const std::size_t create = statement.find(kCreate);
  if (create == std::string_view::npos) return std::nullopt;
  statement.remove_prefix(create + kCreate.size());
  TableDefinition table{std::string(take_until(statement, "`")), {}, {}};
  while (!statement.empty()) {
    std::string_view line = take_until(statement, "\n");
    if (take(line, kPrimaryKey)) {
      table.unique_keys.push_back(to_key(kPrimary, line));
    } else if (take(line, kUniqueKey)) {
      const std::string_view name = take_until(line, "` (");
      table.unique_keys.push_back(to_key(name, line));
    } else if (take(line, kColumn)) {
      table.columns.push_back(to_column(line));
    }
  }
  return table;
}

void alter(std::vector<TableDefinition>& tables, std::string_view statement) {
  statement = without_comments(statement);
  if (!take(statement, kAlter)) return;
  const std::string_view name = take_until(statement, "` ");
  const auto table = std::find_if(tables.begin(), tables.end(), [&](const auto& one) { return one.name == name; });
  if (table == tables.end()) return;
  while (!statement.empty()) {
    std::string_view clause = take_until(statement, kClauseEnd);
    clause.remove_prefix(std::min(clause.size(), clause.find_first_not_of(' ')));
    apply_clause(*table, clause);
  }
}

}  // namespace chatload::table
