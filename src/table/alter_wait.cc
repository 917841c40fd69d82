// What a connection waits for is its STATE in the process list, which shows a user's own connections to him. Who holds
// that is in MySQL's performance_schema.metadata_locks, for those who may read it: a backup holds BACKUP LOCK as
// SHARED, FLUSH TABLES WITH READ LOCK holds GLOBAL as SHARED (MySQL manual, "The metadata_locks Table"). MariaDB has
// one backup lock for both, and needs a plugin to name its holder.
#include "table/alter_wait.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "mysql/sql_text.h"

namespace chatload::table {
namespace {

enum class Lock { kTable, kBackup, kRead };

constexpr std::string_view kAskTheList = "SHOW PROCESSLIST may name it";
constexpr std::string_view kMariadbBackup = "BACKUP STAGE or FLUSH TABLES WITH READ LOCK; SHOW PROCESSLIST may name it";

std::optional<Lock> lock_of_state(std::string_view state) {
  if (state == "Waiting for table metadata lock") return Lock::kTable;
  if (state == "Waiting for backup lock") return Lock::kBackup;
  if (state == "Waiting for global read lock") return Lock::kRead;
  return std::nullopt;
}

struct Holder {
  Lock lock;
  std::string session;  // "connection 17 of the user backup"
};

// Nothing where the server does not tell, or nobody holds one any more.
std::optional<Holder> find_holder(mysql::Session& session, const std::string& table, std::uint64_t waiting) {
  if (session.server().server != mysql::Server::kMysql) return std::nullopt;
  try {
    const auto rows = session.query(fmt::format(
        "SELECT m.OBJECT_TYPE, t.PROCESSLIST_ID, t.PROCESSLIST_USER FROM performance_schema.metadata_locks AS m"
        " JOIN performance_schema.threads AS t ON t.THREAD_ID = m.OWNER_THREAD_ID WHERE m.LOCK_STATUS = 'GRANTED'"
        " AND t.PROCESSLIST_ID NOT IN (CONNECTION_ID(), {}) AND"
        " ((m.OBJECT_TYPE IN ('BACKUP LOCK', 'GLOBAL') AND m.LOCK_TYPE = 'SHARED') OR"
        " (m.OBJECT_TYPE = 'TABLE' AND m.OBJECT_SCHEMA = DATABASE() AND m.OBJECT_NAME = {}))"
        " ORDER BY m.OBJECT_TYPE LIMIT 1",
        waiting, mysql::quote_text(table)));
    if (rows.empty()) return std::nullopt;
    const std::string kind = rows[0][0].value_or("");
    return Holder{kind == "TABLE"    ? Lock::kTable
                  : kind == "GLOBAL" ? Lock::kRead
                                     : Lock::kBackup,
                  fmt::format("connection {} of the user {}", rows[0][1].value_or("?"), rows[0][2].value_or("?"))};
  } catch (const mysql::StatementError&) {
    return std::nullopt;
  }
}

std::string text_of(Lock lock, const std::string& table, std::string_view holder) {
  switch (lock) {
    case Lock::kTable:
      return fmt::format("another session uses {} (it holds a metadata lock; {})", mysql::quote_identifier(table),
                         holder);
    case Lock::kBackup: return fmt::format("a backup holds the server's backup lock ({})", holder);
    case Lock::kRead:
      return fmt::format("a session keeps the server from writing, with FLUSH TABLES WITH READ LOCK ({})", holder);
  }
  return "";
}

}  // namespace

std::string why_alter_waits(mysql::Session& session, const std::string& table, std::uint64_t connection_id) {
  std::optional<Lock> lock;
  try {
    const auto rows =
        session.query(fmt::format("SELECT STATE FROM information_schema.PROCESSLIST WHERE ID = {}", connection_id));
    if (!rows.empty()) lock = lock_of_state(rows[0][0].value_or(""));
  } catch (const mysql::StatementError&) {
    return "";
  }
  if (!lock) return "";
  const std::optional<Holder> holder = find_holder(session, table, connection_id);
  if (holder && holder->lock == *lock) return text_of(*lock, table, holder->session);
  const bool is_either = *lock == Lock::kBackup && session.server().server == mysql::Server::kMariadb;
  return text_of(*lock, table, is_either ? kMariadbBackup : kAskTheList);
}

std::string why_alter_waited(mysql::Session& session, const std::string& table) {
  if (const auto holder = find_holder(session, table, 0)) return text_of(holder->lock, table, holder->session);
  return fmt::format("another session uses {}, or a backup holds the server's backup lock ({})",
                     mysql::quote_identifier(table), kAskTheList);
}

}  // namespace chatload::table
