// What the run of one load, or of one check, has done so far, for whoever watches it. One writer-side struct of relaxed
// atomics: the figures are for people and need not agree with one another at an instant; the summary is made from
// RunCounts instead.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/pause.h"

namespace chatload::report {

struct LiveStats {
  std::atomic<std::uint64_t> source_read{0};         // compressed bytes, rows of the spill, groups of the journal
  std::atomic<std::uint64_t> bytes_decompressed{0};  // handed out by the splitter
  std::atomic<std::uint64_t> packs_split{0};  // of ranges, or stretches; packs_split >= packs_parsed >= packs_done
  std::atomic<std::uint64_t> packs_parsed{0};
  std::atomic<std::uint64_t> packs_done{0};  // committed, or counted where there is no database, or given up
  std::atomic<std::uint64_t> rows_done{0};   // valid lines of the ranges done, or rows of the stretches done
  std::atomic<std::uint64_t> lines_rejected{0};
  std::atomic<std::uint64_t> retries{0};           // transactions redone: a deadlock, a lock wait, a lost connection
  std::atomic<std::uint64_t> disconnected{0};      // writers without a connection just now
  std::atomic<std::uint64_t> indexes_building{0};  // 1 while the server builds what was left out of the table

  std::atomic<std::uint64_t> source_number{0};  // of the source that is read, from 1
  std::atomic<std::uint64_t> sources_total{0};  // of the load or the check

  Pause pause;  // of the writers; set from without, whatever the load

  // For the next load. REQUIRES: none is running.
  void restart() {
    next_phase();
    for (auto* figure : {&lines_rejected, &retries, &disconnected, &indexes_building}) figure->store(0);
  }

  // For the next pass over the same input's rows, which adds to what is counted for good. REQUIRES: none is running.
  void next_phase() {
    for (auto* figure : {&source_read, &bytes_decompressed, &packs_split, &packs_parsed, &packs_done, &rows_done}) {
      figure->store(0);
    }
  }
};

}  // namespace chatload::report
