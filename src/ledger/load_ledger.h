// chatload_loads: one row a load, over all of its runs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/line_counts.h"
#include "mysql/session.h"
#include "parse/outcome.h"

namespace chatload::ledger {

enum class LoadState { kRunning, kDone, kFailed, kInterrupted };
[[nodiscard]] std::string_view to_string(LoadState state);  // "running", "done", "failed", "interrupted"

// What the committed ranges of a load come to.
struct LoadTotals {
  std::uint64_t ranges = 0;
  LineCounts counts;
  std::array<std::uint64_t, parse::kRejectReasonCount> rejected_by_reason{};  // from chatload_rejects
  std::uint64_t bytes_compressed = 0;                                         // of the input, up to the last range
  std::uint64_t bytes_decompressed = 0;
};

// Which load is meant.
struct LoadKey {
  std::string table;
  std::string source_key;  // source/source_identity.h
};

// What a run writes into the row that it begins or takes over.
struct Runner {
  std::string owner;   // a token that no other run has
  std::string name;    // host and process, for people
  std::string source;  // as the user wrote it, as terminal_text()
};

// What stays the same for all runs of a load.
struct LoadSetup {
  std::string plan;    // TOML, as cli's recorded_plan() writes it
  std::string limits;  // of the table's columns
  std::string lock_name;
  std::string source_stamp;  // when it began; empty where the source is no file
  std::optional<std::uint64_t> source_bytes;
};

// A row of chatload_loads.
struct LoadRecord {
  std::uint64_t load_id = 0;
  std::uint64_t attempt = 0;
  LoadState state = LoadState::kRunning;
  std::string owner;
  std::string runner;  // host and process of its last run
  std::string plan;
  std::string limits;
  std::string source_stamp;   // of the file that its ranges are of; empty where the source is no file
  std::string source_digest;  // once all lines are in; empty before
  int exit_code = 0;          // when done
  bool is_superseded = false;
  std::string lock_name;
};

// What is known once all lines of a load are in.
struct LoadEnd {
  std::string source_stamp;  // empty where the source is no file
  std::string source_digest;
  LoadTotals totals;
};

// Each function may be called again if the connection was lost in it: what is done already stays so. All throw
// StatementError; those that read also LoadError (ledger_input.h).

// The loads of this source into this table, the latest attempt first.
[[nodiscard]] std::vector<LoadRecord> find_loads(mysql::Session& session, const LoadKey& key);

// The loads that are neither done nor superseded, of files of that load's name into its table, and that have committed
// a range or are of an empty file. Only of files that are known by their content: what another --source-id names is
// another source.
[[nodiscard]] std::vector<LoadRecord> find_partial_loads(mysql::Session& session, const std::string& table,
                                                         std::uint64_t load_id);

// Takes a load away from its runs, once every transaction of theirs has ended: what it has committed is final then.
// False where it is no longer as the record says.
[[nodiscard]] bool disown(mysql::Session& session, const LoadRecord& load);

// REQUIRES: disown().
void supersede(mysql::Session& session, std::uint64_t load_id, std::uint64_t by_load_id);

// Begins a load and marks the ones before it as superseded: their runs can write no more. Returns its number, or
// nothing where another run began that attempt meanwhile.
[[nodiscard]] std::optional<std::uint64_t> begin_load(mysql::Session& session, const LoadKey& key,
                                                      const LoadSetup& setup, const Runner& runner,
                                                      std::uint64_t attempt, const std::vector<LoadRecord>& superseded);

// Makes runner the load's owner, once every transaction of the owner before has ended. False where the load is no
// longer as the record says.
[[nodiscard]] bool take_over(mysql::Session& session, const LoadRecord& load, const Runner& runner);

// Of a load that is not done: its rejected lines must be there, too.
[[nodiscard]] LoadTotals read_totals(mysql::Session& session, std::uint64_t load_id);

// The same as record_end() left it.
[[nodiscard]] LoadTotals read_final_totals(mysql::Session& session, std::uint64_t load_id);

// All lines are in: a later run need not read the source again. Changes nothing where owner no longer owns the load.
void record_end(mysql::Session& session, std::uint64_t load_id, const std::string& owner, const LoadEnd& end);

// It does not hold any more: lines are missing again.
void forget_end(mysql::Session& session, std::uint64_t load_id, const std::string& owner);

// False where owner no longer owns the load; of the former also where the server no longer has as many ranges as
// record_end() was told, or not its record.
[[nodiscard]] bool mark_done(mysql::Session& session, std::uint64_t load_id, const std::string& owner, int exit_code);
[[nodiscard]] bool mark_ended(mysql::Session& session, std::uint64_t load_id, const std::string& owner, LoadState state,
                              int exit_code);

// The source was found again under another stamp.
void record_stamp(mysql::Session& session, std::uint64_t load_id, const std::string& source_stamp);

// Deletes the ranges of a load that is done, in statements of bounded size.
void compact(mysql::Session& session, std::uint64_t load_id);

// For people where the server may lose what it acknowledges, each cause with its remedy: "sync_binlog is 0 (SET GLOBAL
// sync_binlog = 1)".
[[nodiscard]] std::optional<std::string> why_commits_may_be_lost(mysql::Session& session);

}  // namespace chatload::ledger
