// Rows in order → a run in a file.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "spill/run.h"

namespace chatload::spill {

// Writes one run after the other into its file. Single-threaded. Throws EnvironmentError where the disk is full; only
// the destructor may be called then.
class RunWriter {
 public:
  // bytes_on_disk: grows by what is written; blocks are compressed once it is plain_bytes.
  RunWriter(std::shared_ptr<SpillFile> file, std::atomic<std::uint64_t>& bytes_on_disk, std::uint64_t plain_bytes);

  // Memory that a writer takes.
  [[nodiscard]] static std::size_t bytes();

  // Rows in order; copied.
  void add(std::string_view record);

  // The run of all rows since the last finish(); REQUIRES at least one.
  [[nodiscard]] Run finish();

 private:
  void write_block();
  void write_alone(std::string_view record);
  void count(std::size_t stored_bytes, std::size_t block_bytes);

  std::shared_ptr<SpillFile> file_;
  std::atomic<std::uint64_t>& bytes_on_disk_;
  const std::uint64_t plain_bytes_;
  std::unique_ptr<char[]> block_;  // room for a header, and the block
  std::size_t block_bytes_ = 0;
  std::unique_ptr<char[]> packed_;  // the same, and the packed block
  Run run_;
};

}  // namespace chatload::spill
