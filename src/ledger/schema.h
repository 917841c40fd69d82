// chatload schema print|apply|check: the DDL of a mapping's table, and of the ledger: the files in schema/, embedded in
// the binary.
//
// Each file of schema/ is a migration. chatload_migrations records which ones a database has. DDL commits on its own,
// so a migration may have been applied in part: each is written so that it can run again.
#pragma once

#include <string>

#include "mapping/mapping.h"
#include "mysql/session.h"

namespace chatload::ledger {

// The mapping's table, every schema/NNN_*.sql in order and what records them, one text; it runs on MySQL and on
// MariaDB, and does what apply_schema does, but does not check for live runs.
[[nodiscard]] std::string schema_sql(const mapping::Mapping& mapping);

enum class MissingIndexes { kBuild, kLeaveOut };

// Creates the mapping's table, runs the migrations that are not recorded, creates a table of theirs that is missing for
// all that, and changes nothing else that is there, but builds the indexes that were left out, or leaves out those of a
// table without rows; returns a line a table or index for people, and one for each load in the ledger whose rows a
// table that was created does not have. Two at once do no harm. Throws DatabaseError where the server refuses; before
// the first statement where its binary log would refuse the last one, where a newer chatload has been at work, and
// where migration 5 is missing while a run of a load is alive, which would lose its ledger. This and what follows throw
// StatementError where the server does not answer.
[[nodiscard]] std::string apply_schema(mysql::Session& session, const mapping::Mapping& mapping,
                                       MissingIndexes indexes = MissingIndexes::kBuild);

// What a load would find: a line that the mapping's table can be loaded, then a note a line on what costs speed (a key
// that does not compare bytes, another unique key, an index of the mapping that it lacks, an index that a load has left
// out), and a line that the ledger can be used. Throws DatabaseError as inspect_table does where a load would refuse
// the table, as require_ledger does, and where a table of the ledger lacks a column or a unique key.
[[nodiscard]] std::string check_schema(mysql::Session& session, const mapping::Mapping& mapping);

// What a load asks before it writes, in two queries: the database has exactly this chatload's migrations, and the
// ledger's tables are there and transactional. Throws DatabaseError, one sentence that says what to do: `chatload
// schema apply`, or a newer chatload.
void require_ledger(mysql::Session& session);

}  // namespace chatload::ledger
