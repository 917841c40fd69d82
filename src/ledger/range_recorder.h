// Ranges whose rows were sorted, to be written as stretches → their rows of the ledger and their rejects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "base/stop_signal.h"
#include "ledger/range_ledger.h"
#include "mapping/mapping.h"
#include "mysql/session.h"
#include "parse/outcome.h"
#include "spill/range_journal.h"
#include "spill/run.h"

namespace chatload::ledger {

// What this run has recorded: all lines but the valid ones, whose outcome is a stretch's.
struct RecordedRanges {
  parse::ParseCounts counts;
  std::uint64_t bytes_decompressed = 0;
  std::uint64_t ranges = 0;
};

// Single-threaded; borrows all that it is given.
class RangeRecorder {
 public:
  // statement_bytes_max: of a statement, where the server takes as much. left_out: sources of which nothing is
  // recorded.
  RangeRecorder(const mapping::Mapping& mapping, const RangeLedger& ledger, CommittedRanges& committed,
                std::size_t statement_bytes_max, std::set<SourceOrdinal> left_out, const StopSignal& stop);

  // Records a group of the journal's in one transaction, as a range is: fenced, and claimed by its rows. Those that an
  // earlier run recorded are compared. May be called again if the connection was lost: what is done stays so.
  //
  // Throws StatementError; DatabaseError: another run has taken the load over, or the server has lost ranges or warns;
  // SourceError: a range has other bytes than recorded; EnvironmentError: the journal is damaged; Interrupted.
  [[nodiscard]] RecordedRanges record(mysql::Session& session, const spill::Run& group);

 private:
  [[nodiscard]] std::vector<spill::RangeEntry> ranges_of(const spill::Run& group) const;
  [[nodiscard]] bool insert(mysql::Session& session, const spill::Run& group,
                            const std::vector<spill::RangeEntry>& ranges);
  void require_recorded(mysql::Session& session, const std::vector<spill::RangeEntry>& ranges);

  const mapping::Mapping& mapping_;
  const RangeLedger& ledger_;
  CommittedRanges& committed_;
  const std::size_t statement_bytes_max_;
  const std::set<SourceOrdinal> left_out_;
  const StopSignal& stop_;
};

}  // namespace chatload::ledger
