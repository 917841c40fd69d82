// What check and copy have in common: all inputs through the graph, one after the other, into a sink; and what came of
// it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/stop_signal.h"
#include "cli/plan.h"
#include "deflate/compressed_writer.h"
#include "inflate/decoded_stream.h"
#include "load/verdict.h"
#include "mapping/mapping.h"
#include "pipeline/range_sink.h"
#include "report/reject_writer.h"
#include "spill/spill_limits.h"

namespace chatload::load {

struct ReaderRules {
  // A check counts the lines of each content once, and goes on behind an input that fails; otherwise each input is read
  // as often as it is named, and the first that fails is the last.
  bool is_check = true;
  bool keeps_rejected = false;  // a rejected line is not lost
  bool sorts = false;           // the sink spills rows, which takes its part of --memory
  // What compresses beside the parsers takes its part of --memory.
  std::optional<deflate::CompressionOptions> compression = {};
};

// Single-threaded; borrows all that it is given.
class InputReader {
 public:
  // mapping: with the limits that count. Throws UsageError where the plan does not fit --memory.
  InputReader(const std::vector<std::string>& inputs, const cli::ReadPlan& read, const cli::ReportPlan& report,
              const mapping::Mapping& mapping, ReaderRules rules);

  // That parse; as many may compress.
  [[nodiscard]] unsigned threads() const { return read_.threads; }

  // Where rows are sorted.
  [[nodiscard]] const spill::SpillLimits& spill_limits() const { return spill_; }
  [[nodiscard]] const split::SplitLimits& limits() const { return read_.split; }

  // rejects: where all rejected lines go; may be null. What is wrong with an input is logged, and in the verdict.
  // Throws what concerns all of them.
  [[nodiscard]] Verdict run(pipeline::RangeSink& sink, report::RejectWriter* rejects, const StopSignal& stop);

 private:
  const std::vector<std::string>& inputs_;
  const cli::ReportPlan& report_;
  const mapping::Mapping& mapping_;
  const ReaderRules rules_;
  cli::ReadPlan read_;  // that fits
  std::size_t ranges_in_flight_max_ = 0;
  inflate::ReadAhead ahead_;
  spill::SpillLimits spill_{};
};

}  // namespace chatload::load
