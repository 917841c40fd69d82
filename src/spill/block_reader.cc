// One read a block: with a block's bytes comes the header of the next, which says how many bytes to read then.
//
// Many runs are read at once, each at its own place in the same file, where the system's own read-ahead sees no order.
// So it is told: whenever less than kReadAheadBytes is on its way, as much is asked for. That is the page cache's
// memory, not ours.
//
// What was read is given back to the file system in steps, so that a merge has little more on disk than its rows:
// kReleaseBytes a run. Freeing a MiB (fallocate, ext4) took 0.07 ms where it was not on the disk yet and 0.5 ms where
// it was; in steps of 256 KiB 0.16 and 1.3 ms, of 4 MiB 0.06 and 0.3 ms. In whole pages, since a part of one is only
// filled with zeros.
#include "spill/block_reader.h"

#include <algorithm>
#include <cstring>

namespace chatload::spill {
namespace {

constexpr std::uint64_t kReadAheadBytes = std::uint64_t{256} * 1024;
constexpr std::uint64_t kReleaseBytes = std::uint64_t{1024} * 1024;
constexpr std::uint64_t kPageBytes = 4096;

}  // namespace

std::size_t BlockReader::scratch_bytes() { return packed_bytes_max() + sizeof(BlockHeader); }

std::size_t BlockReader::bytes(const Run& run) {
  return sizeof(BlockReader) + run.block_bytes_max + sizeof(BlockHeader);
}

BlockReader::BlockReader(const Run& run)
    : run_(&run),
      block_(std::make_unique_for_overwrite<char[]>(run.block_bytes_max + sizeof(BlockHeader))),
      offset_(run.begin),
      asked_end_(run.begin),
      released_end_(run.begin) {
  read_ahead();
  read_header();
}

std::string_view BlockReader::next(std::span<char> scratch) {
  const BlockHeader header = header_;
  const std::uint64_t end = offset_ + sizeof header + header.stored_bytes;
  const bool is_packed = header.stored_bytes < header.bytes;
  // Lengths are checked before they are believed; the checksum needs the bytes.
  if (end > run_->end || header.bytes > run_->block_bytes_max || header.stored_bytes > header.bytes ||
      (is_packed && header.stored_bytes + sizeof header > scratch.size())) {
    run_->file->fail_damaged(offset_);
  }
  const std::span<char> target = is_packed ? scratch : std::span(block_.get(), run_->block_bytes_max + sizeof header);
  const bool is_last = end == run_->end;
  run_->file->read(offset_ + sizeof header, target.first(header.stored_bytes + (is_last ? 0 : sizeof header)));
  const std::string_view stored(target.data(), header.stored_bytes);
  if (!is_intact(header, stored, offset_) || (is_packed && !unpack(stored, {block_.get(), header.bytes}))) {
    run_->file->fail_damaged(offset_);
  }
  if (!is_last) std::memcpy(&header_, target.data() + header.stored_bytes, sizeof header_);
  offset_ = end;
  read_ahead();
  return {block_.get(), header.bytes};
}

void BlockReader::read_header() { run_->file->read(offset_, {reinterpret_cast<char*>(&header_), sizeof header_}); }

void BlockReader::read_ahead() {
  if (asked_end_ >= run_->end || asked_end_ > offset_ + kReadAheadBytes) return;
  const std::uint64_t end = std::min(run_->end, std::max(asked_end_, offset_) + kReadAheadBytes);
  run_->file->will_read(asked_end_, end - asked_end_);
  asked_end_ = end;
}

void BlockReader::release_read() {
  const std::uint64_t end = at_end() ? offset_ : offset_ / kPageBytes * kPageBytes;
  if (!at_end() && end < released_end_ + kReleaseBytes) return;
  run_->file->release(released_end_, end - released_end_);
  released_end_ = end;
}

}  // namespace chatload::spill
