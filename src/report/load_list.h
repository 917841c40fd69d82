// The ledger's loads, as `chatload loads` prints them.
#pragma once

#include <string>
#include <vector>

#include "ledger/load_catalog.h"
#include "ledger/source_ledger.h"

namespace chatload::report {

// For people: a header and a line a load, columns aligned; a load in whose place another began is "superseded".
[[nodiscard]] std::string to_table(const std::vector<ledger::LoadEntry>& loads);

// For machines: one JSON array, an object and a line a load, with the stable keys load, state, source, target_table,
// attempt, sources, sources_failed, started_at, finished_at (RFC 3339, UTC), done_share, lines, inserted, updated,
// duplicate, filtered, rejected, blank, exit_code, superseded_by and runner; null where there is none.
[[nodiscard]] std::string to_json(const std::vector<ledger::LoadEntry>& loads);

// The same two of a load's sources, in their order. Keys: source, input, state, superseded, attempt, why, lines, valid,
// filtered, rejected, blank, inserted, updated and duplicate.
[[nodiscard]] std::string to_table(const std::vector<ledger::SourceRecord>& sources);
[[nodiscard]] std::string to_json(const std::vector<ledger::SourceRecord>& sources);

}  // namespace chatload::report
