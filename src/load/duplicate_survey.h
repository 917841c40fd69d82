// Sorted rows of a check → how many have the key of an earlier row.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/stop_signal.h"
#include "base/units.h"
#include "mapping/mapping.h"
#include "pipeline/range_sink.h"
#include "report/progress.h"
#include "report/summary.h"
#include "spill/spill_store.h"
#include "split/range_splitter.h"

namespace chatload::load {

// First a sink that spills the rows of ranges, with the place of each in its input; then compares those of one key.
// Borrows all that it is given.
class DuplicateSurvey final : public pipeline::RangeSink {
 public:
  // REQUIRES: the mapping's key is exact.
  DuplicateSurvey(spill::SpillStore& rows, const mapping::Mapping& mapping) : rows_(rows), mapping_(mapping) {}

  [[nodiscard]] pipeline::Fate fate() const override { return pipeline::Fate::kCounted; }
  [[nodiscard]] bool wants_digests() const override { return false; }
  [[nodiscard]] std::unique_ptr<pipeline::RangePreparer> make_preparer() override;
  void settle(pipeline::RangeJob& job) override;

  // To be called once, after all ranges are settled. limits: of the ranges, and so of rows that are compared at a time.
  // Logs a warning that names two records that share a key and differ. Throws Interrupted and EnvironmentError.
  [[nodiscard]] report::DuplicateCounts compare(const split::SplitLimits& limits,
                                                const report::ProgressOptions& progress, const StopSignal& stop);

 private:
  spill::SpillStore& rows_;
  const mapping::Mapping& mapping_;
  std::map<RangeKey, LineNumber> first_lines_;
  std::map<SourceOrdinal, std::string> names_;
};

}  // namespace chatload::load
