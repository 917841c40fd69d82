// The three sinks of today's commands.
#pragma once

#include <memory>

#include "ledger/range_ledger.h"
#include "pipeline/range_sink.h"
#include "spill/range_journal.h"
#include "spill/spill_store.h"
#include "write/writer_pool.h"

namespace chatload::pipeline {

// Spills the rows of packs. Borrows the store.
[[nodiscard]] std::unique_ptr<RangePreparer> make_spilling_preparer(spill::SpillStore& rows);

// No further than their counts. All borrow what they are given.
class CountingSink final : public RangeSink {
 public:
  [[nodiscard]] Fate fate() const override { return Fate::kCounted; }
  [[nodiscard]] bool wants_digests() const override { return false; }
};

// To the table. Recorded ranges are not parsed: their lines are counted, and a writer compares them with their record.
class WritingSink final : public RangeSink {
 public:
  // sorts: TableInfo::can_sort().
  WritingSink(write::WriterPool& pool, const ledger::CommittedRanges& committed, bool sorts)
      : pool_(pool), committed_(committed), sorts_(sorts) {}

  [[nodiscard]] Fate fate() const override { return Fate::kWritten; }
  [[nodiscard]] bool is_recorded(RangeKey range) const override;
  [[nodiscard]] bool parses_recorded() const override { return false; }
  [[nodiscard]] std::unique_ptr<RangePreparer> make_preparer() override;
  [[nodiscard]] bool hand_over(RangePack& pack) override;
  [[nodiscard]] bool has_failed() const override { return pool_.failed(); }

 private:
  write::WriterPool& pool_;
  const ledger::CommittedRanges& committed_;
  const bool sorts_;
};

// To where rows are sorted by key. There are no writers yet: the parser spills the rows, those of recorded ranges too,
// and settling keeps the rest of the range in a journal. The server has no part in it, so its speed and its absences
// are no matter. load/key_order_load.h takes it from there.
class SortingSink final : public RangeSink {
 public:
  SortingSink(spill::SpillStore& rows, spill::RangeJournal& ranges, const ledger::CommittedRanges& committed)
      : rows_(rows), ranges_(ranges), committed_(committed) {}

  [[nodiscard]] Fate fate() const override { return Fate::kSorted; }
  [[nodiscard]] bool is_recorded(RangeKey range) const override;
  [[nodiscard]] std::unique_ptr<RangePreparer> make_preparer() override;
  void settle(RangeJob& job) override;

 private:
  spill::SpillStore& rows_;
  spill::RangeJournal& ranges_;
  const ledger::CommittedRanges& committed_;
};

}  // namespace chatload::pipeline
