#include "spill/run_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "spill/block.h"

namespace chatload::spill {

RunWriter::RunWriter(std::shared_ptr<SpillFile> file, std::atomic<std::uint64_t>& bytes_on_disk)
    : file_(std::move(file)),
      bytes_on_disk_(bytes_on_disk),
      block_(std::make_unique_for_overwrite<char[]>(kBlockBytes)),
      packed_(std::make_unique_for_overwrite<char[]>(sizeof(BlockHeader) + packed_bytes_max())) {
  run_.begin = file_->size();
}

std::size_t RunWriter::bytes() { return sizeof(RunWriter) + kBlockBytes + sizeof(BlockHeader) + packed_bytes_max(); }

void RunWriter::add(std::string_view record) {
  if (record.size() > kBlockBytes - block_bytes_) write_block();
  ++run_.rows;
  if (record.size() > kBlockBytes) {
    write(record, record.size());
    return;
  }
  std::memcpy(block_.get() + block_bytes_, record.data(), record.size());
  block_bytes_ += record.size();
}

Run RunWriter::finish() {
  write_block();
  run_.file = file_;
  run_.end = file_->size();
  Run next;
  next.begin = run_.end;
  return std::exchange(run_, std::move(next));
}

void RunWriter::write_block() {
  if (block_bytes_ == 0) return;
  const std::string_view block(block_.get(), block_bytes_);
  write(pack(block, {packed_.get() + sizeof(BlockHeader), packed_bytes_max()}), block_bytes_);
  block_bytes_ = 0;
}

void RunWriter::write(std::string_view stored, std::size_t block_bytes) {
  const BlockHeader header = header_of(stored, block_bytes, file_->size());
  char* const behind_header = packed_.get() + sizeof header;
  std::memcpy(packed_.get(), &header, sizeof header);
  if (stored.data() == behind_header) {
    file_->append({packed_.get(), sizeof header + stored.size()});
  } else {
    file_->append({packed_.get(), sizeof header});
    file_->append(stored);
  }
  run_.block_bytes_max = std::max(run_.block_bytes_max, block_bytes);
  bytes_on_disk_ += sizeof header + stored.size();
}

}  // namespace chatload::spill
