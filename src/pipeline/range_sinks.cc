#include "pipeline/range_sinks.h"

#include <algorithm>

#include "spill/run_builder.h"
#include "write/write_order.h"

namespace chatload::pipeline {
namespace {

class Ordering final : public RangePreparer {
 public:
  explicit Ordering(bool sorts) : orderer_(sorts) {}
  void prepare(RangePack& pack) override { orderer_.order(pack); }

 private:
  write::WriteOrderer orderer_;
};

class Spilling final : public RangePreparer {
 public:
  explicit Spilling(spill::SpillStore& rows) : builder_(rows) {}
  void prepare(RangePack& pack) override {
    for (const RangeJob& range : pack.ranges) builder_.add(range.parsed.rows, range.key());
  }
  void make_room() override { builder_.make_room(); }
  void finish() override { builder_.finish(); }

 private:
  spill::RunBuilder builder_;
};

}  // namespace

std::unique_ptr<RangePreparer> make_spilling_preparer(spill::SpillStore& rows) {
  return std::make_unique<Spilling>(rows);
}

bool WritingSink::is_recorded(RangeKey range) const { return committed_.contains(range); }

std::unique_ptr<RangePreparer> WritingSink::make_preparer() { return std::make_unique<Ordering>(sorts_); }

bool WritingSink::hand_over(RangePack& pack) {
  pool_.submit(pack);
  return true;
}

bool SortingSink::is_recorded(RangeKey range) const { return committed_.contains(range); }

std::unique_ptr<RangePreparer> SortingSink::make_preparer() { return make_spilling_preparer(rows_); }

void SortingSink::settle(RangeJob& job) {
  const split::Range& range = job.parsed.range;
  spill::RangeEntry entry{.key = job.key(),
                          .begin = range.begin,
                          .length_bytes = range.length_bytes(),
                          .digest = {},
                          .compressed_end = job.compressed_end,
                          .first_line = job.first_line,
                          .counts = job.parsed.counts,
                          .is_recorded = job.is_recorded};
  std::copy(job.digest.begin(), job.digest.end(), entry.digest.begin());
  ranges_.add(entry, [&](const auto& visit) {
    job.for_each_reject([&](const parse::RawReject& reject) {
      visit(reject);
      return true;
    });
  });
}

}  // namespace chatload::pipeline
