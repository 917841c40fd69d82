// --order auto → file or key, from a sample of the load's sources.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/load_modes.h"
#include "base/stop_signal.h"
#include "cli/plan.h"
#include "load/source.h"
#include "mapping/mapping.h"

namespace chatload::load {

// The rows of the sources' beginnings, and what all of them come to if the rest is like those. If no line of
// the sample would be loaded, it says nothing about the rest: then each line counts as a row, and all of its bytes as
// text; if it has no line at all, as the text around records may be long, its bytes are guessed to be rows.
struct InputSample {
  std::uint64_t lines = 0;
  std::uint64_t rows = 0;
  std::size_t columns = 0;    // of a row
  std::uint64_t sources = 1;  // of the load, however many were looked at
  // Of the rows, those whose key is greater than the one's before; or of the sources, those that begin with such a one,
  // where these are fewer: sources that ascend each for itself, side by side, come in no order together.
  double ascending_share = 1;
  std::uint64_t rows_estimate = 0;            // of all sources
  std::uint64_t bytes_estimate = 0;           // of their texts
  std::uint64_t rejected_bytes_estimate = 0;  // of the lines that are rejected, beside those that count as rows
};

// Reads the first ranges of some of the sources, spread over all of them, whose sizes are known. One that cannot be
// read is left out; throws what reading it throws where none can be. REQUIRES: there is one at least; the mapping's key
// is exact.
[[nodiscard]] InputSample sample_sources(const std::vector<LoadSource*>& sources, const cli::ReadPlan& read,
                                         const mapping::Mapping& mapping, const StopSignal& stop);

struct OrderChoice {
  RowOrder order = RowOrder::kFile;
  std::string why;              // one sentence for people
  bool is_second_best = false;  // the other one would be better, or was asked for, and cannot be
};

// Pure.
[[nodiscard]] OrderChoice choose_order(const InputSample& sample);

// What the spill takes on disk.
[[nodiscard]] std::uint64_t spill_bytes_estimate(const InputSample& sample);

}  // namespace chatload::load
