// Letting go of sources that are gone for good, so that their load can end without them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ledger/source_ledger.h"
#include "mysql/session.h"

namespace chatload::ledger {

struct Release {
  std::string table;                  // of the load
  std::vector<SourceRecord> sources;  // that the load has let go of, as they were
  bool is_done = false;               // the load has no other source that is not done, and has ended
};

// What the load has committed of them stays: their rows, and in the ledger its ranges and rejects. sources: those to
// let go of; none: all that are not done. Throws DatabaseError, which says what to do, where
// there is no such load or source, or nothing to let go of; where a run of the load is alive on this server
// (load/beat_watch.h tells of those on others); where the load is done, cannot be without them because their rows are
// sorted among the others', or lacks rows that it has written; StatementError.
[[nodiscard]] Release release_sources(mysql::Session& session, std::uint64_t load_id,
                                      std::span<const SourceOrdinal> sources);

}  // namespace chatload::ledger
