// Secondary indexes that are dropped before a load, or many, and built once after it, and chatload_indexes, which
// remembers them.
//
// Safe at any instant by its order: note, drop, load, build, forget. A note only says that an index may be missing;
// whether it is, is asked of the table. So a run may end anywhere in between, and whoever looks next builds exactly
// what is missing.
//
// All throw StatementError.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "mysql/session.h"
#include "table/index_definition.h"

namespace chatload::table {

// What the notes on a table come to, each in the order of its indexes.
struct NotedIndexes {
  std::vector<IndexDefinition> missing;
  std::vector<IndexDefinition> present;
  std::vector<IndexDefinition> changed;  // an index of that name is there, and is another one
};

// Those that a load can do without: plain B-tree indexes that are not unique and have no AUTO_INCREMENT column.
[[nodiscard]] std::vector<IndexDefinition> droppable_indexes(mysql::Session& session, const std::string& table);

// A foreign key of the table, or to it as far as the user may see that: which indexes it needs, the server knows.
// MariaDB looks through every table that it has.
[[nodiscard]] bool has_foreign_key(mysql::Session& session, const std::string& table);

[[nodiscard]] NotedIndexes noted_indexes(mysql::Session& session, const std::string& table);

// In a transaction; a note of the same index from before gives way.
void note_indexes(mysql::Session& session, const std::string& table, const std::vector<IndexDefinition>& indexes);

// One ALTER TABLE.
void drop_indexes(mysql::Session& session, const std::string& table, const std::vector<IndexDefinition>& indexes);

// The ALTER TABLE that builds them all. REQUIRES: there is one at least.
[[nodiscard]] std::string build_statement(const std::string& table, const std::vector<IndexDefinition>& indexes);

// Settings of the session that builds: what makes it fast, and a bound on each wait for the table's metadata lock. The
// server waits for that at the start of the build and again at its end, where giving up loses all that was built.
void set_up_build(mysql::Session& session, std::chrono::seconds lock_wait);

// Deletes the notes.
void forget_indexes(mysql::Session& session, const std::string& table, const std::vector<IndexDefinition>& indexes);

// For GET_LOCK. Who leaves out a table's indexes holds its lock from before they are dropped until they are there.
[[nodiscard]] std::string table_lock_name(mysql::Session& session, const std::string& table);

// The session that builds holds it: a server goes on with an ALTER TABLE whose client is gone, and keeps the lock till
// then.
[[nodiscard]] std::string build_lock_name(mysql::Session& session, const std::string& table);

// Who writes into the table beside this connection, as far as a load holds its named lock: "load 7 (host, process 12,
// connection 17)".
[[nodiscard]] std::optional<std::string> other_load(mysql::Session& session, const std::string& table);

// The same of the load of a run whose control connection that is, "connection 17"; it may not be in the ledger yet.
[[nodiscard]] std::optional<std::string> load_of(mysql::Session& session, const std::string& table,
                                                 const std::string& holder);

// For chatload schema apply --without-indexes: notes and drops the indexes that a load can do without, of a table that
// has no rows. A line for people.
[[nodiscard]] std::string leave_out_indexes(mysql::Session& session, const std::string& table);

// For chatload schema apply: builds what is missing in any table, unless a load that runs will. A line an index for
// people.
[[nodiscard]] std::string mend_indexes(mysql::Session& session);

// "`site_id`, `timestamp`"
[[nodiscard]] std::string names_of(const std::vector<IndexDefinition>& indexes);

}  // namespace chatload::table
