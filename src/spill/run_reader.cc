#include "spill/run_reader.h"

#include <string_view>

namespace chatload::spill {

RunReader::RunReader(const Run& run, std::span<char> scratch) : blocks_(run) { advance(scratch); }

std::size_t RunReader::bytes(const Run& run) {
  return sizeof(RunReader) - sizeof(BlockReader) + BlockReader::bytes(run);
}

void RunReader::advance(std::span<char> scratch) {
  if (next_ == block_end_) {
    if (blocks_.at_end()) {
      at_end_ = true;
      return;
    }
    const std::string_view block = blocks_.next(scratch);
    blocks_.release_read();
    next_ = block.data();
    block_end_ = next_ + block.size();
  }
  record_ = read_record(next_);
  prefix_ = key_prefix(record_.key, 0);
  next_ += record_.bytes.size();
}

}  // namespace chatload::spill
