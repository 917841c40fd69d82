// A run's blocks in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "spill/block.h"
#include "spill/run.h"

namespace chatload::spill {

// Single-threaded; the run must live on. Throws EnvironmentError: the disk does not give back what was written.
class BlockReader {
 public:
  explicit BlockReader(const Run& run);

  // Of the memory that next() needs.
  [[nodiscard]] static std::size_t scratch_bytes();
  // Memory that a reader of the run takes.
  [[nodiscard]] static std::size_t bytes(const Run& run);

  [[nodiscard]] bool at_end() const { return offset_ == run_->end; }

  // The next block's records, valid until the next call. `scratch`, of scratch_bytes(), is used meanwhile and can be
  // shared. REQUIRES !at_end().
  [[nodiscard]] std::string_view next(std::span<char> scratch);

  // Gives what next() has had back to the file system; nobody can read it again.
  void release_read();

 private:
  void read_header();
  void read_ahead();

  const Run* run_;
  std::unique_ptr<char[]> block_;  // run_->block_bytes_max, and a header
  BlockHeader header_{};           // of the next block
  std::uint64_t offset_ = 0;       // of the next block in the file
  std::uint64_t asked_end_ = 0;    // the system was asked for everything in front of it
  std::uint64_t released_end_;     // and has this back
};

}  // namespace chatload::spill
