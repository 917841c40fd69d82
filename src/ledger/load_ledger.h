// chatload_loads: one row a load, over all of its runs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/line_counts.h"
#include "ledger/source_ledger.h"
#include "mysql/session.h"
#include "parse/outcome.h"

namespace chatload::ledger {

enum class LoadState { kRunning, kDone, kFailed, kInterrupted };
[[nodiscard]] std::string_view to_string(LoadState state);  // "running", "done", "failed", "interrupted"

// What the committed ranges of a load come to.
struct LoadTotals {
  std::uint64_t ranges = 0;  // and stretches
  LineCounts counts;
  std::array<std::uint64_t, parse::kRejectReasonCount> rejected_by_reason{};  // from chatload_rejects
  std::uint64_t bytes_compressed = 0;  // of its sources, each up to its last range
  std::uint64_t bytes_decompressed = 0;
};

// What a run writes into the row that it begins or takes over.
struct Runner {
  std::string owner;        // a token that no other run has
  std::string name;         // host and process, for people
  std::string sources;      // what the load is called: the name of its source, or of the first and how many more
  std::uint32_t slots = 1;  // the control connection and the writers
  bool beats = false;       // it will call beat() as long as it lives
};

// What stays the same for all runs of a load.
struct LoadSetup {
  std::string table;
  std::string plan;    // TOML, as cli's recorded_plan() writes it
  std::string limits;  // of the table's columns
  std::string order;   // "file" or "key"
  std::string lock_name;
};

// A row of chatload_loads.
struct LoadRecord {
  std::uint64_t load_id = 0;
  LoadState state = LoadState::kRunning;
  std::string owner;
  std::string runner;  // host and process of its last run
  std::string plan;
  std::string limits;
  int exit_code = 0;  // when done
  bool is_superseded = false;
  bool is_frozen = false;  // in key order: it needs all of its sources
  bool all_read = false;   // all lines were in
  std::string lock_name;
  std::string table;
  bool is_locked = false;                 // by another connection than the one that has read this
  std::int64_t started_microseconds = 0;  // since 1970 UTC
  std::optional<std::uint64_t> beat;      // counted up by its run; nothing of a run that does not
};

// Each function may be called again if the connection was lost in it: what is done already stays so. All throw
// StatementError; those that read also LoadError (ledger_input.h).

// The loads of these numbers, by number; those that are gone are left out.
[[nodiscard]] std::vector<LoadRecord> find_loads(mysql::Session& session, std::span<const std::uint64_t> load_ids);

// The same of one.
[[nodiscard]] std::optional<LoadRecord> find_load(mysql::Session& session, std::uint64_t load_id);

// What a load that begins takes the place of: sources of a load that has no owner any more.
struct PutAside {
  std::uint64_t load_id = 0;
  std::vector<SourceOrdinal> sources = {};
  bool with_its_load = false;  // a frozen one, which is of no use without them: its others are released
};

// Takes a load away from its runs, once every transaction of theirs has ended: what it has committed is final then.
// False where it is no longer as the record says.
[[nodiscard]] bool disown(mysql::Session& session, const LoadRecord& load);

// REQUIRES: disown(), of a load that is not done.
void supersede(mysql::Session& session, std::uint64_t by_load_id, const PutAside& put_aside);

// Begins a load of these sources, in their order, in one transaction. Returns its number, or nothing where another run
// has one of them meanwhile.
[[nodiscard]] std::optional<std::uint64_t> begin_load(mysql::Session& session, const LoadSetup& setup,
                                                      const Runner& runner, std::span<const SourceClaim> sources,
                                                      std::span<const PutAside> put_aside);

// Makes runner the load's owner, once every transaction of the owner before has ended. False where the load is no
// longer as the record says.
[[nodiscard]] bool take_over(mysql::Session& session, const LoadRecord& load, const Runner& runner);

// Counts up the load's beat. Changes nothing where owner no longer owns it.
void beat(mysql::Session& session, std::uint64_t load_id, const std::string& owner);

// Of a load that has begun with sources before it was known how: keeps the first `sources` of them, the others are
// nobody's again. plan, order: of LoadSetup. Throws LoadError where owner no longer owns the load.
void record_decision(mysql::Session& session, std::uint64_t load_id, const std::string& owner, const std::string& plan,
                     const std::string& order, std::size_t sources);

// Of a load that is not done: its rejected lines must be there, too.
[[nodiscard]] LoadTotals read_totals(mysql::Session& session, std::uint64_t load_id);

// The same as record_end() left it.
[[nodiscard]] LoadTotals read_final_totals(mysql::Session& session, std::uint64_t load_id);

// All lines are in: a later run need not read the sources again. Changes nothing where owner no longer owns the load.
void record_end(mysql::Session& session, std::uint64_t load_id, const std::string& owner, const LoadTotals& totals);

// The same with all that follows from the load's ranges: its sources' counts, its witnesses. bytes_compressed of the
// totals is set, too.
void record_sums(mysql::Session& session, std::uint64_t load_id, const std::string& owner, LoadTotals& totals);

// It does not hold any more: lines are missing again.
void forget_end(mysql::Session& session, std::uint64_t load_id, const std::string& owner);

// False where owner no longer owns the load; of the former also where the server no longer has as many ranges as
// record_end() was told, or not its record.
[[nodiscard]] bool mark_done(mysql::Session& session, std::uint64_t load_id, const std::string& owner, int exit_code);
[[nodiscard]] bool mark_ended(mysql::Session& session, std::uint64_t load_id, const std::string& owner, LoadState state,
                              int exit_code);

// In the transaction that changes the owner: no run may write into the load from then on. Waits for every transaction
// that holds one of its fences.
void remove_fences(mysql::Session& session, std::uint64_t load_id);

// Deletes the ranges and the fences of a load that is done, in statements of bounded size.
void compact(mysql::Session& session, std::uint64_t load_id);

// For people where the server may lose what it acknowledges, each cause with its remedy: "sync_binlog is 0 (SET GLOBAL
// sync_binlog = 1)".
[[nodiscard]] std::optional<std::string> why_commits_may_be_lost(mysql::Session& session);

}  // namespace chatload::ledger
