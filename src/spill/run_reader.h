// A run's rows in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "spill/block_reader.h"
#include "spill/row_codec.h"
#include "spill/run.h"

namespace chatload::spill {

// Reads them once: what it has behind it is given back to the file system. Single-threaded. Throws EnvironmentError:
// the disk does not give back what was written.
class RunReader {
 public:
  // Stands at the first row. The run must live on; `scratch`, of scratch_bytes(), is used while a member function runs
  // and can be shared.
  RunReader(const Run& run, std::span<char> scratch);

  [[nodiscard]] static std::size_t scratch_bytes() { return BlockReader::scratch_bytes(); }
  // Memory that a reader of the run takes.
  [[nodiscard]] static std::size_t bytes(const Run& run);

  [[nodiscard]] bool at_end() const { return at_end_; }

  // REQUIRES !at_end(). Valid until advance().
  [[nodiscard]] const Record& record() const { return record_; }
  // The record's key_prefix(key, 0).
  [[nodiscard]] std::uint64_t prefix() const { return prefix_; }

  void advance(std::span<char> scratch);

 private:
  BlockReader blocks_;
  const char* next_ = nullptr;  // the record behind record_
  const char* block_end_ = nullptr;
  bool at_end_ = false;
  std::uint64_t prefix_ = 0;
  Record record_;
};

}  // namespace chatload::spill
