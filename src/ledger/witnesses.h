// Rows that have to be in the table if the ledger tells the truth: their keys, kept and looked up.
//
// Of each committed range chatload_ranges keeps the key of one row that the server did not refuse (write/row_sender.h),
// and chatload_loads keeps up to kWitnessesMax of those once all lines are in. A table that was emptied, dropped or
// restored since has lost some of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/units.h"
#include "mapping/mapping.h"
#include "mysql/session.h"

namespace chatload::ledger {

inline constexpr std::size_t kWitnessesMax = 16;  // of a load that is done

// Where witnesses are looked up.
struct WitnessTable {
  std::string table;
  std::string id_column;  // the key's, where it is one alone; else empty (witness_text.h)
  bool has_key = true;    // else there are no witnesses
};
[[nodiscard]] WitnessTable witness_table(const mapping::Mapping& mapping);

// All that follows throws StatementError.

// Of a table that a load has filled.
[[nodiscard]] WitnessTable witness_table(mysql::Session& session, const std::string& table);

// Of the witnesses, how many the table has no row of. The columns' collations decide, as they do for a
// duplicate.
[[nodiscard]] std::uint64_t count_missing(mysql::Session& session, const WitnessTable& where,
                                          std::span<const std::string> witnesses);

// Witnesses of a load's ranges, in the ranges' order, a page at a time.
struct WitnessPage {
  std::vector<std::string> keys;  // empty behind the last
  RangeKey last_range;
};
[[nodiscard]] WitnessPage read_witnesses(mysql::Session& session, std::uint64_t load_id,
                                         std::optional<RangeKey> behind);

// All lines are in: keeps some of the ranges' witnesses, spread over the load, in its row. Changes nothing where owner
// no longer owns the load.
void keep_witnesses(mysql::Session& session, std::uint64_t load_id, const std::string& owner);

// The load is about to be done: keeps when the server says that its table was made.
void keep_table_time(mysql::Session& session, std::uint64_t load_id, const std::string& owner,
                     const std::string& table);

// What the ledger and the server say of a load's rows, without a look at them.
struct LoadTraces {
  bool has_rows = false;  // some line of it was inserted, updated or a duplicate
  bool is_table_empty = false;
  // By the server's CREATE_TIME. ALTER TABLE and OPTIMIZE TABLE set it, too, and TRUNCATE does not.
  bool is_table_newer = false;
};

// Newer than the load's beginning; never where the load drops and builds indexes, which makes the table newer, too.
[[nodiscard]] LoadTraces traces_of_unfinished(mysql::Session& session, std::uint64_t load_id, const std::string& table);

// Whether the table has fewer rows than the unfinished load has inserted, as far as the first 10 million tell.
[[nodiscard]] bool has_fewer_rows(mysql::Session& session, std::uint64_t load_id, const std::string& table);

// Newer than the load's end. kept: keep_witnesses()'; nothing of a load that an older chatload did. Throws LoadError
// where they cannot be read.
struct DoneTraces : LoadTraces {
  std::optional<std::vector<std::string>> kept;
};
[[nodiscard]] DoneTraces traces_of_done(mysql::Session& session, std::uint64_t load_id, const std::string& table);

}  // namespace chatload::ledger
