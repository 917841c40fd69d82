// The ledger's tables are those of schema/ whose names begin with chatload_; the table that is loaded is
// inspect_table's to judge.
#include "ledger/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/errors.h"
#include "ledger/load_catalog.h"
#include "mysql/error_remedy.h"
#include "mysql/runner_name.h"
#include "mysql/server_error.h"
#include "mysql/sql_text.h"
#include "schema_sql.h"
#include "table/ddl_text.h"
#include "table/deferred_indexes.h"
#include "table/table_ddl.h"
#include "table/table_info.h"

namespace chatload::ledger {
namespace {

constexpr std::string_view kLedgerPrefix = "chatload_";
constexpr std::size_t kLoadsNamed = 20;
constexpr std::uint64_t kSourcesMigration = 5;

struct Migration {
  std::uint64_t number;
  std::string name;
};

bool is_same(const Migration& recorded, const SchemaFile& file) {
  return recorded.number == file.number && recorded.name == file.name;
}

bool is_recorded(const std::vector<Migration>& recorded, const SchemaFile& file) {
  return std::any_of(recorded.begin(), recorded.end(), [&](const auto& one) { return is_same(one, file); });
}

// Those that the database has; none where it has no ledger.
std::vector<Migration> read_migrations(mysql::Session& session) {
  std::vector<Migration> migrations;
  try {
    for (const mysql::Row& row :
         session.query("SELECT `number`, `name` FROM `chatload_migrations` ORDER BY `number`")) {
      migrations.push_back({mysql::to_number(row[0]), row[1].value_or("")});
    }
  } catch (const mysql::StatementError& error) {
    if (error.code() == ER_NO_SUCH_TABLE) return {};
    if (classify(error) != mysql::ErrorClass::kFatal) throw;
    throw DatabaseError(
        fmt::format("The ledger's table `chatload_migrations` cannot be read: {}; use an account with "
                    "the grants in docs/operating.md, and run the same command again.",
                    error.what()));
  }
  return migrations;
}

void refuse_newer(const std::vector<Migration>& recorded) {
  for (const Migration& migration : recorded) {
    const auto is_this = [&](const SchemaFile& file) { return is_same(migration, file); };
    if (std::none_of(kSchemaFiles.begin(), kSchemaFiles.end(), is_this)) {
      throw DatabaseError(
          fmt::format("The ledger in this database was made by a newer chatload, whose migration {} "
                      "({}) this one, {}, does not know; use that version.",
                      migration.number, migration.name, CHATLOAD_VERSION));
    }
  }
}

std::string record_statement() {
  std::string sql = "INSERT INTO `chatload_migrations` (`number`, `name`, `applied_at`) VALUES";
  for (const SchemaFile& file : kSchemaFiles) {
    sql += fmt::format("{}\n  ({}, '{}', UTC_TIMESTAMP(6))", file.number == kSchemaFiles.front().number ? "" : ",",
                       file.number, file.name);
  }
  return sql + "\nON DUPLICATE KEY UPDATE `number` = `chatload_migrations`.`number`";
}

std::vector<table::TableDefinition> ledger_tables() {
  std::vector<table::TableDefinition> tables;
  for (const SchemaFile& file : kSchemaFiles) {
    for (const std::string_view statement : table::split_statements(file.sql)) {
      auto table = table::created_table(statement);
      if (table && table->name.starts_with(kLedgerPrefix)) tables.push_back(std::move(*table));
      table::alter(tables, statement);
    }
  }
  return tables;
}

bool exists(mysql::Session& session, const std::string& table) {
  return !session
              .query("SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = " +
                     mysql::quote_text(table))
              .empty();
}

// An expression.
std::string sql_of(const table::Condition& condition) {
  return fmt::format(
      "{}EXISTS(SELECT 1 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()\n"
      "  AND TABLE_NAME = {} AND COLUMN_NAME = {})",
      condition.is_there ? "" : "NOT ", mysql::quote_text(condition.table), mysql::quote_text(condition.column));
}

bool holds(mysql::Session& session, const table::Condition& condition) {
  return session.query("SELECT " + sql_of(condition)).at(0).at(0) == "1";
}

// False where the condition does not hold, be it since another apply ran the same statement a moment ago.
bool execute_if(mysql::Session& session, const table::Condition& condition, std::string_view statement) {
  if (!holds(session, condition)) return false;
  try {
    session.execute(statement);
    return true;
  } catch (const mysql::StatementError&) {
    if (holds(session, condition)) throw;
    return false;
  }
}

std::string conditional(const table::Condition& condition, std::string_view statement) {
  return fmt::format(
      "SET @chatload_statement = IF({},\n  {},\n  'DO 0');\n"
      "PREPARE chatload_statement FROM @chatload_statement;\nEXECUTE chatload_statement;\n"
      "DEALLOCATE PREPARE chatload_statement",
      sql_of(condition), mysql::quote_text(statement));
}

// Before a migration changes what a run of an older chatload reads and writes.
void refuse_while_a_run_is_alive(mysql::Session& session) {
  std::vector<mysql::Row> alive;
  try {
    alive = session.query(
        "SELECT `load_id`, `source`, `runner` FROM `chatload_loads` WHERE `state` = 'running'"
        " AND `superseded_by` IS NULL AND IS_USED_LOCK(`lock_name`) IS NOT NULL ORDER BY `load_id`");
  } catch (const mysql::StatementError& error) {
    if (error.code() != ER_NO_SUCH_TABLE) throw;
  }
  if (alive.empty()) return;
  const mysql::Row& load = alive.front();
  const std::string more = alive.size() == 1 ? "" : fmt::format(", and {} more", alive.size() - 1);
  throw DatabaseError(fmt::format("Load {} ({}) is running ({}){}; let that finish, then run the same command again.",
                                  mysql::to_number(load[0]), load[1].value_or(""),
                                  mysql::shown_runner(load[2].value_or("unknown")), more));
}

// A line for people where the statement has made the condition untrue.
std::string change_of(const table::Condition& condition, std::string_view statement) {
  const std::string name = mysql::quote_identifier(condition.column);
  if (!condition.is_there) return fmt::format("{}: the column {} is added\n", condition.table, name);
  if (statement.find("DROP COLUMN " + name) == std::string_view::npos) return "";
  return fmt::format("{}: the column {} is dropped\n", condition.table, name);
}

// What the ledger says of rows in a table that has just been made says nothing true any more.
std::string loads_made_untrue(mysql::Session& session, const std::string& table) {
  const std::vector<LoadName> loads = LoadCatalog(session).with_rows_in(table);
  std::string report;
  for (const LoadName& load : loads) {
    if (&load - loads.data() == kLoadsNamed) {
      return report +
             fmt::format("note: the same of {} more loads, which `chatload loads` lists\n", loads.size() - kLoadsNamed);
    }
    report += fmt::format(
        "note: the new {} has no rows of load {} ({}); load that again with {}, or run `chatload loads forget {}`\n",
        table, load.load, load.source, load.is_done ? "--reload" : "--restart", load.load);
  }
  return report;
}

bool leads_an_index(mysql::Session& session, const std::string& table, const std::string& column) {
  const std::vector<mysql::Row> rows = session.query(
      "SELECT COLUMN_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND SEQ_IN_INDEX = 1"
      " AND TABLE_NAME = " +
      mysql::quote_text(table));
  return std::any_of(rows.begin(), rows.end(), [&](const mysql::Row& row) { return row[0] == column; });
}

// Columns and unique keys, which keep a range from being written twice. More of either does no harm.
void require_definition(mysql::Session& session, const table::TableDefinition& table) {
  const std::string of_table = " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = " + mysql::quote_text(table.name);
  const std::vector<mysql::Row> columns =
      session.query("SELECT COLUMN_NAME, LOWER(DATA_TYPE) FROM information_schema.COLUMNS" + of_table);
  const std::vector<mysql::Row> keys =
      session.query("SELECT GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX) FROM information_schema.STATISTICS" +
                    of_table + " AND NON_UNIQUE = 0 AND SUB_PART IS NULL GROUP BY INDEX_NAME");
  const auto refuse = [&](const std::string& what) {
    throw DatabaseError(fmt::format("The ledger's table {} lacks {}; change it to what `chatload schema print` shows.",
                                    mysql::quote_identifier(table.name), what));
  };
  for (const table::ColumnDefinition& column : table.columns) {
    if (std::find(columns.begin(), columns.end(), mysql::Row{column.name, column.type}) == columns.end()) {
      refuse(fmt::format("the column {} of type {}", mysql::quote_identifier(column.name), column.type));
    }
  }
  for (const table::UniqueKey& key : table.unique_keys) {
    if (std::find(keys.begin(), keys.end(), mysql::Row{key.columns}) == keys.end()) {
      refuse(fmt::format("the unique key ({})", key.columns));
    }
  }
}

}  // namespace

std::string schema_sql(const mapping::Mapping& mapping) {
  std::string sql = table::create_statement(mapping) + ";\n\n";
  for (const SchemaFile& file : kSchemaFiles) {
    for (const std::string_view statement : table::split_statements(file.sql)) {
      const std::string_view text = table::without_comments(statement);
      const auto condition = table::condition_of(statement);
      sql += statement.substr(0, statement.size() - text.size());
      sql += (condition ? conditional(*condition, text) : std::string(text)) + ";\n";
    }
    sql += '\n';
  }
  return sql + record_statement() + ";\n";
}

std::string apply_schema(mysql::Session& session, const mapping::Mapping& mapping, MissingIndexes indexes) {
  mysql::require_row_log(session);
  const std::vector<Migration> recorded = read_migrations(session);
  refuse_newer(recorded);
  std::string report;
  bool all_recorded = true;
  std::vector<std::string> created;
  std::string doing;
  try {
    doing = "The loads in the ledger cannot be read";
    const auto is_of_sources = [](const Migration& one) { return one.number == kSourcesMigration; };
    if (std::none_of(recorded.begin(), recorded.end(), is_of_sources)) refuse_while_a_run_is_alive(session);
    const auto say_created = [&](const std::string& table, bool was_there) {
      report += table + (was_there ? ": is there already, left as it is\n" : ": created\n");
      if (!was_there) created.push_back(table);
    };
    doing = "The table " + mysql::quote_identifier(mapping.table) + " cannot be created";
    const bool has_target = exists(session, mapping.table);
    if (!has_target) session.execute(table::create_statement(mapping));
    say_created(mapping.table, has_target);
    for (const SchemaFile& file : kSchemaFiles) {
      const bool is_new = !is_recorded(recorded, file);
      if (is_new) all_recorded = false;
      for (const std::string_view statement : table::split_statements(file.sql)) {
        if (const auto condition = table::condition_of(statement)) {
          const std::string name = mysql::quote_identifier(condition->column);
          doing = condition->is_there ? fmt::format("The migration {} ({}) cannot be applied", file.number, file.name)
                                      : fmt::format("The column {} cannot be added to the table {}", name,
                                                    mysql::quote_identifier(condition->table));
          const bool is_in_new_table = std::find(created.begin(), created.end(), condition->table) != created.end();
          if (execute_if(session, *condition, table::without_comments(statement)) && !is_in_new_table) {
            report += change_of(*condition, statement);
          }
          continue;
        }
        const auto table = table::created_table(statement);
        doing = table ? "The table " + mysql::quote_identifier(table->name) + " cannot be created"
                      : fmt::format("The migration {} ({}) cannot be applied", file.number, file.name);
        const bool was_there = table && exists(session, table->name);
        if (is_new || (table && !was_there)) session.execute(statement);
        if (!table) continue;
        say_created(table->name, was_there);
      }
    }
    doing = "What was applied cannot be recorded in the table `chatload_migrations`";
    if (!all_recorded) session.update(record_statement());
    if (indexes == MissingIndexes::kBuild) {
      doing = "An index that was left out cannot be built";
      report += table::mend_indexes(session);
    } else {
      doing = "The indexes cannot be left out";
      report += table::leave_out_indexes(session, mapping.table);
    }
    doing = "The loads in the ledger cannot be read";
    for (const std::string& table : created) report += loads_made_untrue(session, table);
  } catch (const mysql::StatementError& error) {
    if (classify(error) == mysql::ErrorClass::kConnectionLost) throw;
    throw DatabaseError(fmt::format(
        "{}: {}; {} and run the same command again.", doing, error.what(),
        mysql::remedy(error, "use an account that may CREATE, ALTER, SELECT, INSERT and UPDATE in this database")));
  }
  return report;
}

std::string check_schema(mysql::Session& session, const mapping::Mapping& mapping) {
  mapping::Mapping limits = mapping;
  const table::TableInfo info = table::inspect_table(session, limits, OnDuplicate::kSkip);
  std::string report = info.table + ": can be loaded\n";
  for (const std::string& surprise : info.surprises()) report += "note: " + surprise + "\n";
  if (info.has_other_unique_key) {
    report +=
        "note: it has a unique key beside its primary key, so one connection writes it in file order and"
        " --on-duplicate replace is refused\n";
  }
  for (const std::vector<std::string>& columns : mapping.indexes) {
    if (!leads_an_index(session, info.table, columns.front())) {
      report += "note: no index begins with its column " + mysql::quote_identifier(columns.front()) +
                ", so queries by it read the whole table\n";
    }
  }
  require_ledger(session);
  for (const table::TableDefinition& table : ledger_tables()) require_definition(session, table);
  for (const table::IndexDefinition& index : table::noted_indexes(session, info.table).missing) {
    report += fmt::format(
        "note: its index {} is missing since a load left it out; that load, any other, or `chatload"
        " schema apply` builds it\n",
        mysql::quote_identifier(index.name));
  }
  return report + "ledger: can be used\n";
}

void require_ledger(mysql::Session& session) {
  const std::vector<Migration> recorded = read_migrations(session);
  refuse_newer(recorded);
  for (const SchemaFile& file : kSchemaFiles) {
    if (!is_recorded(recorded, file)) {
      throw DatabaseError(
          fmt::format("The ledger in this database lacks migration {} ({}){}; run `chatload schema "
                      "apply`.",
                      file.number, file.name, recorded.empty() ? ", or there is no ledger yet" : ""));
    }
  }
  const std::vector<table::TableDefinition> tables = ledger_tables();
  std::string names;
  for (const table::TableDefinition& table : tables)
    names += (names.empty() ? "" : ", ") + mysql::quote_text(table.name);
  const std::vector<mysql::Row> found = session.query(
      "SELECT TABLE_NAME, ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN (" +
      names + ")");
  for (const table::TableDefinition& table : tables) {
    const auto row =
        std::find_if(found.begin(), found.end(), [&](const mysql::Row& one) { return one[0] == table.name; });
    const std::string name = mysql::quote_identifier(table.name);
    if (row == found.end()) {
      throw DatabaseError("The ledger's table " + name +
                          " is missing, or the user may not see it; create it with `chatload schema apply`.");
    }
    if ((*row)[1] != "InnoDB") {
      throw DatabaseError(
          fmt::format("The ledger's table {} is of the engine {}, which has no transactions; ALTER "
                      "TABLE {} ENGINE = InnoDB.",
                      name, (*row)[1].value_or("(none)"), name));
    }
  }
}

}  // namespace chatload::ledger
