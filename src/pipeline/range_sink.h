// Where the graph's packs go: to the table, to a spill, to a copy, or no further than their counts.
#pragma once

#include <memory>

#include "pipeline/range_pack.h"
#include "pipeline/range_settler.h"

namespace chatload::pipeline {

// What one parser does with its packs beside parsing them. Single-threaded, of one parser.
class RangePreparer {
 public:
  virtual ~RangePreparer() = default;

  // The ranges are parsed; recorded ones may have only their lines counted.
  virtual void prepare(RangePack& pack) = 0;
  // The pack is on its way.
  virtual void make_room() {}
  // There are no more.
  virtual void finish() {}
};

class RangeSink {
 public:
  virtual ~RangeSink() = default;

  // What becomes of a range that is settled.
  [[nodiscard]] virtual Fate fate() const = 0;

  // The ledger has the range. Called by the splitter.
  [[nodiscard]] virtual bool is_recorded(RangeKey /*range*/) const { return false; }
  // Where the rows of those are not wanted, their lines are counted and no more.
  [[nodiscard]] virtual bool parses_recorded() const { return true; }
  // Whether ranges need the digest of their bytes.
  [[nodiscard]] virtual bool wants_digests() const { return true; }

  // Whether ranges need the places of the lines that are filtered out.
  [[nodiscard]] virtual bool wants_filtered_lines() const { return false; }

  // One for each parser; may be null.
  [[nodiscard]] virtual std::unique_ptr<RangePreparer> make_preparer() { return nullptr; }

  // In order, with at least one job. True: the jobs' owner hears of it by done(). False: it is done now, and settled
  // next.
  [[nodiscard]] virtual bool hand_over(RangePack& /*pack*/) { return false; }

  // In order, before the range's rejects are judged.
  virtual void settle(RangeJob& /*job*/) {}

  // Nothing more is taken.
  [[nodiscard]] virtual bool has_failed() const { return false; }
};

}  // namespace chatload::pipeline
