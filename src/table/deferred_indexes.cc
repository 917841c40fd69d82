// MySQL's settings of a build, measured: ADD KEY site_id, ADD KEY timestamp on 894,364 rows of chat_messages, 1 GiB
// pool, two busy cores, three interleaved rounds of ALTER TABLE ... DROP KEY ..., ADD KEY ... in the client; seconds,
// sorted:
//
//   innodb_ddl_threads, innodb_parallel_read_threads   innodb_ddl_buffer_size
//   4, 4 (the server's own)                            1 MiB (its own)          6.8   8.2  10.7
//   1, 1                                               1 MiB                    6.9   8.9   9.1
//   4, 4                                               64 MiB                   7.9   8.0   8.8
//   8, 8                                               64 MiB                   7.0   7.7   7.8
//   4, 4                                               256 MiB                  8.9  10.0  10.1
//
// So on two cores they decide little. Eight and 64 MiB were the steadiest, leave room for more cores and for fewer
// merge passes over a larger table, and yield to a server that is set to more. MariaDB has none of them.
#include "table/deferred_indexes.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string_view>

#include "base/digest.h"
#include "base/log.h"
#include "base/quantity.h"
#include "mysql/runner_name.h"
#include "mysql/server_error.h"
#include "mysql/sql_text.h"
#include "mysql/transaction.h"
#include "table/table_info.h"

namespace chatload::table {
namespace {

// The server takes an integer, and GREATEST() of an unsigned and a signed one is none.
constexpr std::string_view kBuildFastMysql =
    "SET SESSION innodb_ddl_threads = CAST(GREATEST(@@innodb_ddl_threads, 8) AS UNSIGNED),"
    " SESSION innodb_parallel_read_threads = CAST(GREATEST(@@innodb_parallel_read_threads, 8) AS UNSIGNED),"
    " SESSION innodb_ddl_buffer_size = CAST(GREATEST(@@innodb_ddl_buffer_size, 67108864) AS UNSIGNED)";
// Of chatload schema apply: a load's --retry-for where it is not given.
constexpr std::chrono::minutes kLockWait{5};

std::string of_table(const std::string& table) {
  return " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = " + mysql::quote_text(table);
}

// The server takes two names that differ in case for one.
std::string folded(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return name;
}

std::vector<IndexDefinition> shown_indexes(mysql::Session& session, const std::string& table) {
  return plain_indexes(table_definition(session, table));
}

std::string name_list(const std::vector<IndexDefinition>& indexes) {
  std::string list;
  for (const IndexDefinition& index : indexes) list += (list.empty() ? "" : ", ") + mysql::quote_text(index.name);
  return list;
}

std::string lock_name(mysql::Session& session, std::string_view kind, const std::string& table) {
  const std::string database = session.query("SELECT DATABASE()").at(0).at(0).value_or("");
  return fmt::format("chatload:{}:{}", kind, digest_hex(database + '\0' + table));
}

std::optional<std::string> find_load(mysql::Session& session, const std::string& table, const std::string& condition) {
  const std::vector<mysql::Row> rows = session.query(
      "SELECT `load_id`, `runner`, IS_USED_LOCK(`lock_name`) FROM `chatload_loads` WHERE `target_table` = " +
      mysql::quote_text(table) + " AND `state` <> 'done' AND " + condition + " ORDER BY `load_id` DESC LIMIT 1");
  if (rows.empty()) return std::nullopt;
  return fmt::format("load {} ({})", rows[0][0].value_or(""),
                     mysql::shown_holder(rows[0][1].value_or(""), "connection " + rows[0][2].value_or("?")));
}

}  // namespace

std::vector<IndexDefinition> droppable_indexes(mysql::Session& session, const std::string& table) {
  std::vector<IndexDefinition> indexes = shown_indexes(session, table);
  const std::vector<mysql::Row> counting = session.query(
      "SELECT s.INDEX_NAME FROM information_schema.STATISTICS AS s JOIN information_schema.COLUMNS AS c"
      " USING (TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME)" +
      of_table(table) + " AND c.EXTRA LIKE '%auto_increment%'");
  std::erase_if(indexes, [&](const IndexDefinition& index) {
    return std::find(counting.begin(), counting.end(), mysql::Row{index.name}) != counting.end();
  });
  return indexes;
}

bool has_foreign_key(mysql::Session& session, const std::string& table) {
  const std::string name = mysql::quote_text(table);
  return !session
              .query(
                  "SELECT 1 FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE (CONSTRAINT_SCHEMA = DATABASE()"
                  " AND TABLE_NAME = " +
                  name + ") OR (UNIQUE_CONSTRAINT_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME = " + name +
                  ") LIMIT 1")
              .empty();
}

NotedIndexes noted_indexes(mysql::Session& session, const std::string& table) {
  NotedIndexes noted;
  const std::vector<mysql::Row> notes = session.query(
      "SELECT `index_name`, `definition` FROM `chatload_indexes` WHERE `target_table` = " + mysql::quote_text(table) +
      " ORDER BY `position`, `index_name`");
  if (notes.empty()) return noted;
  std::map<std::string, std::string> there;
  for (const mysql::Row& row :
       session.query("SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS" + of_table(table))) {
    there[folded(row[0].value_or(""))];
  }
  for (const IndexDefinition& index : shown_indexes(session, table)) there[folded(index.name)] = index.text;
  for (const mysql::Row& note : notes) {
    IndexDefinition index{note[0].value_or(""), note[1].value_or("")};
    const auto found = there.find(folded(index.name));
    auto& list = found == there.end() ? noted.missing : found->second == index.text ? noted.present : noted.changed;
    list.push_back(std::move(index));
  }
  return noted;
}

void note_indexes(mysql::Session& session, const std::string& table, const std::vector<IndexDefinition>& indexes) {
  std::string values;
  for (std::size_t position = 0; position < indexes.size(); ++position) {
    values +=
        fmt::format("{}({}, {}, {}, {}, UTC_TIMESTAMP(6))", position == 0 ? "" : ", ", mysql::quote_text(table),
                    mysql::quote_text(indexes[position].name), position, mysql::quote_text(indexes[position].text));
  }
  mysql::Transaction transaction(session);
  forget_indexes(session, table, indexes);
  session.execute(
      "INSERT INTO `chatload_indexes` (`target_table`, `index_name`, `position`, `definition`, `noted_at`)"
      " VALUES " +
      values);
  transaction.commit();
}

void drop_indexes(mysql::Session& session, const std::string& table, const std::vector<IndexDefinition>& indexes) {
  std::string drops;
  for (const IndexDefinition& index : indexes) {
    drops += (drops.empty() ? "" : ", ") + ("DROP KEY " + mysql::quote_identifier(index.name));
  }
  session.execute("ALTER TABLE " + mysql::quote_identifier(table) + " " + drops);
}

std::string build_statement(const std::string& table, const std::vector<IndexDefinition>& indexes) {
  std::string adds;
  for (const IndexDefinition& index : indexes) adds += (adds.empty() ? "ADD " : ", ADD ") + index.text;
  return "ALTER TABLE " + mysql::quote_identifier(table) + " " + adds;
}

void set_up_build(mysql::Session& session, std::chrono::seconds lock_wait) {
  session.execute(fmt::format("SET SESSION lock_wait_timeout = {}", lock_wait.count()));
  if (session.server().server != mysql::Server::kMysql) return;
  try {
    session.execute(kBuildFastMysql);
  } catch (const mysql::StatementError& error) {
    if (error.code() != ER_UNKNOWN_SYSTEM_VARIABLE) throw;  // before MySQL 8.0.27
  }
}

void forget_indexes(mysql::Session& session, const std::string& table, const std::vector<IndexDefinition>& indexes) {
  if (indexes.empty()) return;
  session.execute(fmt::format("DELETE FROM `chatload_indexes` WHERE `target_table` = {} AND `index_name` IN ({})",
                              mysql::quote_text(table), name_list(indexes)));
}

std::string table_lock_name(mysql::Session& session, const std::string& table) {
  return lock_name(session, "table", table);
}
std::string build_lock_name(mysql::Session& session, const std::string& table) {
  return lock_name(session, "build", table);
}

std::optional<std::string> other_load(mysql::Session& session, const std::string& table) {
  return find_load(session, table, "IS_USED_LOCK(`lock_name`) <> CONNECTION_ID()");
}

std::optional<std::string> load_of(mysql::Session& session, const std::string& table, const std::string& holder) {
  return find_load(session, table, "CONCAT('connection ', IS_USED_LOCK(`lock_name`)) = " + mysql::quote_text(holder));
}

std::string leave_out_indexes(mysql::Session& session, const std::string& table) {
  const std::vector<IndexDefinition> indexes = droppable_indexes(session, table);
  if (indexes.empty()) return "";
  const auto keep = [&](std::string_view why) {
    return fmt::format("{}: its indexes {} stay, because {}\n", table, names_of(indexes), why);
  };
  if (!mysql::get_lock(session, table_lock_name(session, table)) ||
      !mysql::get_lock(session, build_lock_name(session, table))) {
    return keep("a load that runs builds indexes");
  }
  if (!is_empty(session, table)) return keep("it has rows");
  if (has_foreign_key(session, table)) return keep("it has a foreign key or is referenced by one");
  set_up_build(session, kLockWait);
  note_indexes(session, table, indexes);
  drop_indexes(session, table, indexes);
  return fmt::format("{}: its indexes {} are left out until the next `chatload schema apply`\n", table,
                     names_of(indexes));
}

std::string mend_indexes(mysql::Session& session) {
  std::string report;
  for (const mysql::Row& row : session.query("SELECT DISTINCT `target_table` FROM `chatload_indexes` ORDER BY 1")) {
    const std::string table = row[0].value_or("");
    // Whoever has the table may be about to drop what it has noted.
    const bool has_table = mysql::get_lock(session, table_lock_name(session, table)) &&
                           mysql::get_lock(session, build_lock_name(session, table));
    const NotedIndexes noted = noted_indexes(session, table);
    if (!has_table) {
      report += fmt::format("{}: its indexes {} are built by a load that runs\n", table,
                            names_of(noted.missing.empty() ? noted.present : noted.missing));
      continue;
    }
    for (const IndexDefinition& index : noted.changed) {
      report += fmt::format("{}: the index {} is another one than before a load dropped it, left as it is\n", table,
                            mysql::quote_identifier(index.name));
    }
    if (!noted.missing.empty()) {
      log_info(fmt::format("{}: builds the indexes {}; waits for up to {} while other sessions use the table.", table,
                           names_of(noted.missing), format_duration(kLockWait)));
      set_up_build(session, kLockWait);
      session.execute(build_statement(table, noted.missing));
      for (const IndexDefinition& index : noted.missing) {
        report += fmt::format("{}: the index {} is built\n", table, mysql::quote_identifier(index.name));
      }
    }
    for (const auto& list : {noted.missing, noted.present, noted.changed}) forget_indexes(session, table, list);
  }
  return report;
}

std::string names_of(const std::vector<IndexDefinition>& indexes) {
  std::string names;
  for (const IndexDefinition& index : indexes)
    names += (names.empty() ? "" : ", ") + mysql::quote_identifier(index.name);
  return names;
}

}  // namespace chatload::table
