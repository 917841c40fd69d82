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
// and N follows from --memory. More than kRangesPerThread ranges a thread do not make a load faster, they are only
// memory (README, "Memory").
//
// In key order N is at most 2 T while ranges are spilled, and T run builders take what is left; then up to 2 C
// stretches, of kRowBytesPerStretchByte × R + 2 L each, take the place of the ranges, and the merge what is left.
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
constexpr std::size_t kRangesPerThread = 3;
// Of a stretch, whose texts are copies: the rows of a range, 24 bytes more a row for where it stood, and the texts.
constexpr std::size_t kRowBytesPerStretchByte = 6;
// Nothing waits for the server while ranges are spilled, and a merge keeps ahead of any server.
constexpr std::size_t kSpillingRangesPerThread = 2;
constexpr std::size_t kStretchesPerConnection = 2;
// Of a spill, not compressed, because it is seldom on a disk yet when it is read again: Linux lets a fifth of the
// memory that is free be unwritten before it makes anybody wait (vm.dirty_ratio), and writes nothing for 30 s unless it
// is half of that. 2 M lines take 260 MB. What is beyond goes to the disk, and LZ4 makes it less (spill/block.cc).
constexpr std::uint64_t kPlainSpillBytes = 512 * kMiB;

struct Costs {
  std::size_t fixed_bytes;    // whatever is in flight
  std::size_t range_bytes;    // a range
  std::size_t stretch_bytes;  // a stretch
};

Costs costs_of(split::SplitLimits limits, unsigned threads, unsigned connections) {
  const std::size_t parser_bytes =
      parse::RangeParser::memory_bytes_max(static_cast<std::uint32_t>(limits.line_bytes_max)) +
      static_cast<std::size_t>(kSortBytesPerRangeByte * static_cast<double>(limits.range_bytes));
  return {.fixed_bytes = kProcessBytes + kInputBytes + kRecordBytesPerLineByte * limits.line_bytes_max +
                         connections * kStatementCopies * statement_bytes_max(limits) + (threads + 1) * parser_bytes,
          .range_bytes = limits.buffer_bytes() + kRowBytesPerRangeByte * limits.range_bytes + limits.line_bytes_max +
                         parse::ParsedRange::kRejectsMax * sizeof(parse::RejectedLine),
          .stretch_bytes = kRowBytesPerStretchByte * limits.range_bytes + 2 * limits.line_bytes_max};
}

// --memory, or the default, or what is needed where that is more.
std::size_t bound_that_holds(std::optional<std::size_t> memory_bytes, std::size_t needed_bytes,
                             split::SplitLimits limits, unsigned threads, unsigned connections) {
  const std::size_t bound_bytes = memory_bytes.value_or(std::max(kMemoryBytesDefault, needed_bytes));
  if (bound_bytes >= needed_bytes) return bound_bytes;
  throw UsageError(
      fmt::format("--memory {} does not hold two ranges of --range-size {} and --max-line {} with {} "
                  "threads and {} connections, which take {}; raise it to that, or lower one of these.",
                  format_size(bound_bytes), format_size(limits.range_bytes), format_size(limits.line_bytes_max),
                  threads, connections, format_size(needed_bytes)));
}

// What two ranges, or two stretches, need.
std::size_t needed_in_file_order(const Costs& costs) { return costs.fixed_bytes + kRangesMin * costs.range_bytes; }

std::size_t needed_in_key_order(const Costs& costs, const spill::SpillLimits& least, unsigned threads) {
  return costs.fixed_bytes + std::max(kRangesMin * costs.range_bytes + threads * least.buffer_bytes,
                                      kRangesMin * costs.stretch_bytes + least.merge_bytes);
}

}  // namespace

std::size_t statement_bytes_max(split::SplitLimits limits) {
  return std::max(kStatementBytesMin, 2 * limits.line_bytes_max + 4 * kKiB);
}

MemoryPlan plan_memory(std::optional<std::size_t> memory_bytes, split::SplitLimits limits, unsigned threads,
                       unsigned connections) {
  const Costs costs = costs_of(limits, threads, connections);
  const std::size_t bound_bytes =
      bound_that_holds(memory_bytes, needed_in_file_order(costs), limits, threads, connections);
  const std::size_t ranges_that_help = kRangesPerThread * (threads + connections);
  return {bound_bytes, std::clamp((bound_bytes - costs.fixed_bytes) / costs.range_bytes, kRangesMin,
                                  std::max(kRangesMin, ranges_that_help))};
}

KeyOrderMemoryPlan plan_key_order_memory(const cli::ReadPlan& read, unsigned connections, std::size_t columns) {
  const split::SplitLimits limits = read.split;
  const unsigned threads = read.threads;
  const Costs costs = costs_of(limits, threads, connections);
  const spill::SpillLimits least = spill::least_limits(limits.line_bytes_max, columns);
  const std::size_t needed_bytes = needed_in_key_order(costs, least, threads);
  const std::size_t free_bytes =
      bound_that_holds(read.memory_bytes, needed_bytes, limits, threads, connections) - costs.fixed_bytes;
  // Half of what is free, if they can use it.
  const std::size_t ranges = std::clamp(free_bytes / 2 / costs.range_bytes, kRangesMin,
                                        std::max(kRangesMin, kSpillingRangesPerThread * threads));
  const std::size_t stretches = std::clamp(free_bytes / 2 / costs.stretch_bytes, kRangesMin,
                                           std::max(kRangesMin, kStretchesPerConnection * connections));
  return {.ranges_in_flight_max = ranges,
          .stretches_in_flight_max = stretches,
          .spill = {.buffer_bytes = (free_bytes - ranges * costs.range_bytes) / threads,
                    .merge_bytes = free_bytes - stretches * costs.stretch_bytes,
                    .plain_bytes = kPlainSpillBytes}};
}

split::SplitLimits fitting_limits(const cli::ReadPlan& read, unsigned connections, std::size_t columns) {
  split::SplitLimits limits = read.split;
  if (read.is_range_size_given) return limits;
  const spill::SpillLimits least = spill::least_limits(limits.line_bytes_max, columns);
  const auto fits = [&] {
    const Costs costs = costs_of(limits, read.threads, connections);
    return std::max(needed_in_file_order(costs), needed_in_key_order(costs, least, read.threads)) <=
           read.memory_bytes.value_or(kMemoryBytesDefault);
  };
  while (!fits() && limits.range_bytes / 2 >= kFittingRangeBytesMin) limits.range_bytes /= 2;
  return limits;
}

}  // namespace chatload::pipeline
