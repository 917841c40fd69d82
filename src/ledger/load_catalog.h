// The loads in the ledger, for those who ask: what is there, how far it is, and forgetting it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ledger/line_counts.h"
#include "ledger/source_ledger.h"
#include "mysql/session.h"

namespace chatload::ledger {

// A row of chatload_loads, with what chatload_ranges adds to it.
struct LoadEntry {
  std::uint64_t load = 0;
  std::string state;   // running, done, failed or interrupted; the latter too where its run died and nobody says so
  std::string source;  // as terminal_text()
  std::string target_table;
  std::uint64_t attempt = 1;
  std::string started_at;                  // RFC 3339, UTC, with microseconds
  std::optional<std::string> finished_at;  // when it became what it is; absent while it runs, or where its run died
  std::optional<double> done_share;        // of the compressed bytes, 0 to 1; absent where their number is unknown
  LineCounts counts;                       // of the ranges that are committed
  std::optional<std::uint64_t> exit_code;
  std::optional<std::uint64_t> superseded_by;
  std::string runner;  // host and process of its last run
  std::uint64_t sources = 0;
  std::uint64_t sources_failed = 0;  // or released, and not superseded
};

// A load among those into its table.
struct PastLoad {
  std::uint64_t load = 0;
  std::string state;
  std::string started_at;             // RFC 3339, UTC
  std::optional<double> seconds;      // to its end, pauses between its runs included
  std::optional<std::uint64_t> rows;  // inserted, updated or duplicate; absent until all lines are in
  std::optional<std::uint64_t> rejected;
};

struct LoadName {
  std::uint64_t load = 0;
  std::string source;  // as terminal_text()
  bool is_done = false;
};

// What forget() removed.
struct ForgottenLoad {
  std::uint64_t load = 0;
  std::string source;
  std::uint64_t ranges = 0;
  std::uint64_t rejects = 0;
};

// One session's view. Every function throws StatementError beside what it says.
class LoadCatalog {
 public:
  explicit LoadCatalog(mysql::Session& session) : session_(session) {}

  // All of them, oldest first.
  [[nodiscard]] std::vector<LoadEntry> list();

  // One of them. Throws DatabaseError where there is no such load.
  [[nodiscard]] LoadEntry find(std::uint64_t load);

  // The last ones into that table, at most `count`, up to `load`, oldest first; not those in whose place another began.
  [[nodiscard]] std::vector<PastLoad> past_loads(const std::string& table, std::uint64_t load, std::size_t count);

  // Throws DatabaseError where there is no such load.
  [[nodiscard]] LoadName name_of(std::uint64_t load);

  // Those that wrote rows into that table, oldest first; not
  // those in whose place another began, but for `load` itself.
  [[nodiscard]] std::vector<LoadName> with_rows_in(const std::string& table);

  // In order. Throws DatabaseError where there is no such load.
  [[nodiscard]] std::vector<SourceRecord> sources_of(std::uint64_t load);

  // Removes a load, and the superseded ones that had its sources before, which would otherwise stand for it; the rows
  // that they loaded stay. Until a load is gone, a run neither resumes it nor writes to it. Throws DatabaseError where
  // there is no such load, or a run of it is alive.
  std::vector<ForgottenLoad> forget(std::uint64_t load);

  // Those that ended, or died, longer ago than `age`, oldest first. A load of which a run is alive is not among them.
  [[nodiscard]] std::vector<std::uint64_t> older_than(std::chrono::seconds age);

 private:
  ForgottenLoad forget_one(std::uint64_t load, const std::string& source);
  std::uint64_t delete_rows(const std::string& table, const std::string& key, std::uint64_t load);

  mysql::Session& session_;
};

}  // namespace chatload::ledger
