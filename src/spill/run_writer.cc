#include "spill/run_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "spill/block.h"

namespace chatload::spill {

RunWriter::RunWriter(std::shared_ptr<SpillFile> file, std::atomic<std::uint64_t>& bytes_on_disk,
                     std::uint64_t plain_bytes)
    : file_(std::move(file)),
      bytes_on_disk_(bytes_on_disk),
      plain_bytes_(plain_bytes),
      block_(std::make_unique_for_overwrite<char[]>(sizeof(BlockHeader) + kBlockBytes)),
      packed_(std::make_unique_for_overwrite<char[]>(sizeof(BlockHeader) + packed_bytes_max())) {
  run_.begin = file_->size();
}

std::size_t RunWriter::bytes() {
  return sizeof(RunWriter) + 2 * sizeof(BlockHeader) + kBlockBytes + packed_bytes_max();
}

void RunWriter::add(std::string_view record) {
  if (record.size() > kBlockBytes - block_bytes_) write_block();
  ++run_.rows;
  if (record.size() > kBlockBytes) return write_alone(record);
  std::memcpy(block_.get() + sizeof(BlockHeader) + block_bytes_, record.data(), record.size());
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

// One write a block: the header stands before what is stored.
void RunWriter::write_block() {
  if (block_bytes_ == 0) return;
  const std::string_view block(block_.get() + sizeof(BlockHeader), block_bytes_);
  const std::string_view stored =
      bytes_on_disk_ < plain_bytes_ ? block : pack(block, {packed_.get() + sizeof(BlockHeader), packed_bytes_max()});
  char* const begin = (stored.data() == block.data() ? block_ : packed_).get();
  const BlockHeader header = header_of(stored, block_bytes_, file_->size());
  std::memcpy(begin, &header, sizeof header);
  file_->append({begin, sizeof header + stored.size()});
  count(stored.size(), block_bytes_);
  block_bytes_ = 0;
}

// Where it is: it may be longer than any buffer of ours.
void RunWriter::write_alone(std::string_view record) {
  const BlockHeader header = header_of(record, record.size(), file_->size());
  file_->append({reinterpret_cast<const char*>(&header), sizeof header});
  file_->append(record);
  count(record.size(), record.size());
}

void RunWriter::count(std::size_t stored_bytes, std::size_t block_bytes) {
  run_.block_bytes_max = std::max(run_.block_bytes_max, block_bytes);
  bytes_on_disk_ += sizeof(BlockHeader) + stored_bytes;
}

}  // namespace chatload::spill
