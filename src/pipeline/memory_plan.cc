// The sum, with range-size R, max-line L, T parser threads and C connections:
//
//   program, libraries, TBB, sessions             kProcessBytes
//   reading and inflating                         kInputBytes
//   a reject record                               kRecordBytesPerLineByte × L
//   C × a statement                               6 × statement_bytes_max: ours of rows and of rejects, each up to
//                                                 twice, and the client library's copy of bound rows, up to twice
//   T + 1 × a parser                              RangeParser::memory_bytes_max, and kSortBytesPerRangeByte × R
//   N × a range                                   R + L for its bytes, kRowBytesPerRangeByte × R for what it parses to,
//                                                 L for a last line's unescaped text,
//                                                 and ParsedRange::kRejectsMax rejects
//
// and N follows from --memory. A worker has something to do only while a range is there for it, so T + C ranges are
// enough (and two, or nothing is read while something is written); where the server is slow for a while, up to
// kRangesPerWorker a worker are of use, and more are only memory (README, "Memory").
//
// In key order there are two halves. While rows are spilled, T + 1 ranges are enough, one a parser and one for the
// splitter, and up to 2 T of use, since a parsed range is there until those in front of it are parsed; T run builders
// take what is left, and want kBuilderBytesMin each, or the runs become too many to be merged at once. Then C + 1
// stretches are enough and 2 C of use, of kRowBytesPerStretchByte × R + 2 L each, and the merge takes what is left. Not
// in the sum is the table of runs: up to 144 bytes a run (48, in a vector that doubles), 18 MiB for 1 TiB of runs of 8
// MiB.
//
// What is enough for T and C that are the machine's, not the user's, may be more than --memory: then R is halved, down
// to 1 MiB, and then T or C is one less, whichever is more, until it fits. With 256 MiB, L = 1 MiB and T = cores,
// C = cores up to 8, R in MiB (MemoryPlan.OfTheDefaultFlagsIsTheTable):
//
//              file order     key order
//   cores   R  T, C  ranges   T, C  ranges  a builder  stretches  the merge
//       2   4  2, 2       7   2, 2       3     49 MiB          3     87 MiB
//       3   4  3, 3       6   3, 3       4     19 MiB          4     42 MiB
//       4   2  4, 4      10   4, 4       5     17 MiB          5     59 MiB
//       8   1  6, 6      13   5, 6       6     11 MiB          7     44 MiB
//      16   1  6, 6      13   5, 6       6     11 MiB          7     44 MiB
//      64   1  6, 6      13   5, 6       6     11 MiB          7     44 MiB
#include "pipeline/memory_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "base/quantity.h"
#include "base/units.h"
#include "parse/range_parser.h"

namespace chatload::pipeline {
namespace {

constexpr std::size_t kMemoryBytesDefault = 256 * kMiB;
constexpr std::size_t kProcessBytes = 32 * kMiB;
constexpr std::size_t kInputBytes = kMiB;
constexpr std::size_t kStatementBytesMin = kMiB;
constexpr std::size_t kStatementCopies = 6;
// A control character becomes \u0000 in a reject record, whose buffer doubles as it grows.
constexpr std::size_t kRecordBytesPerLineByte = 12;
// The densest rows that the contract allows: a line of 58 bytes makes 6 cells, a line span, a place in the order and a
// key hash, 128 bytes in all, and 48 where the server refuses it; while it is ordered, a sort key of 16 bytes.
// Unescaped text takes less than the line that it is in, and makes a line longer than that.
constexpr std::size_t kRowBytesPerRangeByte = 4;
constexpr double kSortBytesPerRangeByte = 0.3;
// Smaller ranges make more transactions than a server likes.
constexpr std::size_t kFittingRangeBytesMin = kMiB;
constexpr std::size_t kRangesMin = 2;  // one being written while the next is read
constexpr std::size_t kRangesPerWorker = 3;
// Of a stretch, whose texts are copies: the rows of a range, 24 bytes more a row for where it stood, and the texts.
constexpr std::size_t kRowBytesPerStretchByte = 6;
constexpr std::size_t kSpillingRangesPerThread = 2;
constexpr std::size_t kStretchesPerConnection = 2;
// A merge of n runs takes n blocks, some 33 KiB each: 16 MiB merge 4 GiB that are in runs of 8 MiB.
constexpr std::size_t kBuilderBytesMin = 8 * kMiB;
constexpr std::size_t kMergeBytesMin = 16 * kMiB;
// Of a spill, not compressed, because it is seldom on a disk yet when it is read again: Linux lets a fifth of the
// memory that is free be unwritten before it makes anybody wait (vm.dirty_ratio), and writes nothing for 30 s unless it
// is half of that. 2 M lines take 260 MB. What is beyond goes to the disk, and LZ4 makes it less (spill/block.cc).
constexpr std::uint64_t kPlainSpillBytes = 512 * kMiB;

struct Costs {
  std::size_t fixed_bytes;    // whatever is in flight
  std::size_t range_bytes;    // a range
  std::size_t stretch_bytes;  // a stretch
};

Costs costs_of(split::SplitLimits limits, Workers workers) {
  const std::size_t parser_bytes =
      parse::RangeParser::memory_bytes_max(static_cast<std::uint32_t>(limits.line_bytes_max)) +
      static_cast<std::size_t>(kSortBytesPerRangeByte * static_cast<double>(limits.range_bytes));
  return {.fixed_bytes = kProcessBytes + kInputBytes + kRecordBytesPerLineByte * limits.line_bytes_max +
                         workers.connections * kStatementCopies * statement_bytes_max(limits) +
                         (workers.threads + 1) * parser_bytes,
          .range_bytes = limits.buffer_bytes() + kRowBytesPerRangeByte * limits.range_bytes + limits.line_bytes_max +
                         parse::ParsedRange::kRejectsMax * sizeof(parse::RejectedLine),
          .stretch_bytes = kRowBytesPerStretchByte * limits.range_bytes + 2 * limits.line_bytes_max};
}

// Of some workers in one order of rows.
struct Need {
  std::size_t least_bytes;   // two ranges, or two stretches, at a time
  std::size_t enough_bytes;  // as many as keep all workers at work
};

Need need_in_file_order(split::SplitLimits limits, Workers workers) {
  const Costs costs = costs_of(limits, workers);
  const std::size_t enough = std::max<std::size_t>(workers.threads + std::max(1U, workers.connections), kRangesMin);
  return {.least_bytes = costs.fixed_bytes + kRangesMin * costs.range_bytes,
          .enough_bytes = costs.fixed_bytes + enough * costs.range_bytes};
}

Need need_in_key_order(split::SplitLimits limits, Workers workers, std::size_t columns) {
  const Costs costs = costs_of(limits, workers);
  const spill::SpillLimits least = spill::least_limits(limits.line_bytes_max, columns);
  return {.least_bytes = costs.fixed_bytes + std::max(kRangesMin * costs.range_bytes + least.buffer_bytes,
                                                      kRangesMin * costs.stretch_bytes + least.merge_bytes),
          .enough_bytes =
              costs.fixed_bytes +
              std::max((workers.threads + 1) * costs.range_bytes +
                           workers.threads * std::max(least.buffer_bytes, kBuilderBytesMin),
                       (workers.connections + 1) * costs.stretch_bytes + std::max(least.merge_bytes, kMergeBytesMin))};
}

struct Fit {
  std::size_t bound_bytes;
  Workers workers;
};

// As many workers as are asked for, or as the bound is enough for. need_of: Workers → Need.
template <typename NeedOf>
Fit fit(const cli::ReadPlan& read, Writers writers, NeedOf need_of) {
  Workers workers{read.threads, writers.connections_max};
  const std::size_t wanted_bytes = read.memory_bytes.value_or(kMemoryBytesDefault);
  while (need_of(workers).enough_bytes > wanted_bytes) {
    const bool may_lower_threads = !read.is_threads_given && workers.threads > 1;
    const bool may_lower_connections = !writers.is_given && workers.connections > 1;
    if (may_lower_threads && (workers.threads >= workers.connections || !may_lower_connections)) {
      --workers.threads;
    } else if (may_lower_connections) {
      --workers.connections;
    } else {
      break;
    }
  }
  const Need need = need_of(workers);
  const std::size_t bound_bytes = read.memory_bytes.value_or(std::max(kMemoryBytesDefault, need.enough_bytes));
  if (bound_bytes >= need.least_bytes) return {bound_bytes, workers};
  throw UsageError(
      fmt::format("--memory {} does not hold two ranges of --range-size {} and --max-line {} with {} "
                  "threads and {} connections, which take {}; raise it to that, or lower one of these.",
                  format_size(bound_bytes), format_size(read.split.range_bytes), format_size(read.split.line_bytes_max),
                  workers.threads, workers.connections, format_size(need.least_bytes)));
}

// Half of what is free, but no fewer than enough, where they fit, and no more than are of use.
std::size_t share(std::size_t free_bytes, std::size_t each_bytes, std::size_t enough, std::size_t useful,
                  std::size_t fitting) {
  return std::min(std::clamp(free_bytes / 2 / each_bytes, enough, useful), fitting);
}

}  // namespace

std::size_t statement_bytes_max(split::SplitLimits limits) {
  return std::max(kStatementBytesMin, 2 * limits.line_bytes_max + 4 * kKiB);
}

MemoryPlan plan_memory(const cli::ReadPlan& read, Writers writers) {
  const auto [bound_bytes, workers] =
      fit(read, writers, [&](Workers some) { return need_in_file_order(read.split, some); });
  const Costs costs = costs_of(read.split, workers);
  const std::size_t useful = kRangesPerWorker * (workers.threads + workers.connections);
  return {.memory_bytes = bound_bytes,
          .workers = workers,
          .ranges_in_flight_max = std::min((bound_bytes - costs.fixed_bytes) / costs.range_bytes, useful)};
}

KeyOrderMemoryPlan plan_key_order_memory(const cli::ReadPlan& read, Writers writers, std::size_t columns) {
  auto [bound_bytes, workers] =
      fit(read, writers, [&](Workers some) { return need_in_key_order(read.split, some, columns); });
  const Costs costs = costs_of(read.split, workers);
  const spill::SpillLimits least = spill::least_limits(read.split.line_bytes_max, columns);
  const std::size_t free_bytes = bound_bytes - costs.fixed_bytes;
  const std::size_t ranges =
      share(free_bytes, costs.range_bytes, workers.threads + 1, kSpillingRangesPerThread * workers.threads,
            // with a builder for each but one
            (free_bytes + least.buffer_bytes) / (costs.range_bytes + least.buffer_bytes));
  const std::size_t stretches =
      share(free_bytes, costs.stretch_bytes, workers.connections + 1, kStretchesPerConnection * workers.connections,
            (free_bytes - least.merge_bytes) / costs.stretch_bytes);
  // Of threads that the user gave, those that find a range.
  workers.threads = static_cast<unsigned>(std::min<std::size_t>(workers.threads, ranges - 1));
  return {.reading = {.memory_bytes = bound_bytes, .workers = workers, .ranges_in_flight_max = ranges},
          .stretches_in_flight_max = stretches,
          .spill = {.buffer_bytes = (free_bytes - ranges * costs.range_bytes) / workers.threads,
                    .merge_bytes = free_bytes - stretches * costs.stretch_bytes,
                    .plain_bytes = kPlainSpillBytes}};
}

split::SplitLimits fitting_limits(const cli::ReadPlan& read, Writers writers, std::size_t columns) {
  split::SplitLimits limits = read.split;
  if (read.is_range_size_given) return limits;
  const Workers workers{read.threads, writers.connections_max};
  const auto fits = [&] {
    std::size_t enough_bytes = need_in_file_order(limits, workers).enough_bytes;
    const bool is_check = workers.connections == 0;
    if (!is_check) enough_bytes = std::max(enough_bytes, need_in_key_order(limits, workers, columns).enough_bytes);
    return enough_bytes <= read.memory_bytes.value_or(kMemoryBytesDefault);
  };
  while (!fits() && limits.range_bytes / 2 >= kFittingRangeBytesMin) limits.range_bytes /= 2;
  return limits;
}

}  // namespace chatload::pipeline
