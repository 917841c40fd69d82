// What works at once, and on how much, so that the process stays within --memory.
#pragma once

#include <cstddef>
#include <optional>

#include "cli/plan.h"
#include "deflate/compressed_writer.h"
#include "inflate/decoded_stream.h"
#include "inflate/window_room.h"
#include "spill/spill_limits.h"
#include "split/line_splitter.h"

namespace chatload::pipeline {

// Of a load or a copy; the parsers are in the ReadPlan.
struct Writers {
  unsigned connections_max = 0;  // 0: a check or a copy
  bool is_given = false;         // by the user: fewer will not do
  std::optional<deflate::CompressionOptions> compression =
      std::nullopt;  // of a copy, which compresses by as many threads as parse
};

struct Workers {
  unsigned threads = 1;      // that parse
  unsigned connections = 0;  // that write

  bool operator==(const Workers&) const = default;
};

struct MemoryPlan {
  std::size_t memory_bytes = 0;  // the bound
  Workers workers;
  std::size_t ranges_in_flight_max = 0;  // between the splitter and the end of their transaction
  inflate::ReadAhead ahead;              // what inflates in front of the splitter
  inflate::WindowRoom window;            // of a zstd frame that is read
};

// The peak-memory sum, term by term, is in memory_plan.cc. The bound is --memory where given; otherwise 256 MiB, or
// what is needed where --range-size, --max-line, --threads or --connections ask for more. Threads and connections that
// nobody asked for are fewer where the bound does not hold as many ranges as would keep them all at work.
// Throws UsageError if not even two ranges fit into --memory.
[[nodiscard]] MemoryPlan plan_memory(const cli::ReadPlan& read, Writers writers);

// The same of a load in key order, which reads first and writes then.
struct KeyOrderMemoryPlan {
  MemoryPlan reading;
  std::size_t stretches_in_flight_max = 0;
  spill::SpillLimits spill;
};
[[nodiscard]] KeyOrderMemoryPlan plan_key_order_memory(const cli::ReadPlan& read, Writers writers);

// The most connections that either of them has, or would have if it fitted.
[[nodiscard]] unsigned fitting_connections(const cli::ReadPlan& read, Writers writers);

// For a load that begins: read.split, its range_bytes halved until both plans above keep all workers at work, down to
// 1 MiB, unless the user gave them. They are the load's from then on, whatever a later run has of cores and memory.
[[nodiscard]] split::SplitLimits fitting_limits(const cli::ReadPlan& read, Writers writers);

// What the window of a zstd frame may take: read.window, or what there is while nothing else is at work.
[[nodiscard]] inflate::WindowRoom window_of(const cli::ReadPlan& read);

// What a line of the maximal length takes in a statement.
[[nodiscard]] std::size_t line_statement_bytes(const cli::ReadPlan& read);

// The longest statement that a writer builds.
[[nodiscard]] std::size_t statement_bytes_max(const cli::ReadPlan& read);

}  // namespace chatload::pipeline
