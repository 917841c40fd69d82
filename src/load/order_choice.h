// --order auto → file or key, from a sample of the input.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/load_modes.h"
#include "base/stop_signal.h"
#include "cli/plan.h"
#include "parse/mapping.h"
#include "source/held_file.h"

namespace chatload::load {

// The rows of the input's beginning, and what all of them come to if the rest is like it. Where it has lines but none
// that is loaded, the rest is not like it: each line then counts as a row, and all of its bytes as text.
struct InputSample {
  std::uint64_t lines = 0;
  std::uint64_t rows = 0;
  double ascending_share = 1;                 // of the rows, those whose key is greater than the one's before
  std::uint64_t rows_estimate = 0;            // of the whole input
  std::uint64_t bytes_estimate = 0;           // of their texts
  std::uint64_t rejected_bytes_estimate = 0;  // of the lines that are rejected, beside those that count as rows
};

// Reads the first ranges. bytes_compressed_total: of the input. Throws what reading the input throws.
[[nodiscard]] InputSample sample_input(const source::HeldFile& file, const cli::ReadPlan& read,
                                       const parse::Mapping& mapping, std::uint64_t bytes_compressed_total,
                                       const StopSignal& stop);

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
