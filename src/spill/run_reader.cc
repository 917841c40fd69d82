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
#include "spill/run_reader.h"

#include <algorithm>
#include <cstring>

namespace chatload::spill {
namespace {

constexpr std::uint64_t kReadAheadBytes = std::uint64_t{256} * 1024;
constexpr std::uint64_t kReleaseBytes = std::uint64_t{1024} * 1024;
constexpr std::uint64_t kPageBytes = 4096;

}  // namespace

std::size_t RunReader::scratch_bytes() { return packed_bytes_max() + sizeof(BlockHeader); }

std::size_t RunReader::bytes(const Run& run) { return sizeof(RunReader) + run.block_bytes_max + sizeof(BlockHeader); }

RunReader::RunReader(const Run& run, std::span<char> scratch)
    : run_(&run),
      block_(std::make_unique_for_overwrite<char[]>(run.block_bytes_max + sizeof(BlockHeader))),
      offset_(run.begin),
      released_end_(run.begin) {
  asked_end_ = offset_;
  read_ahead();
  read_header();
  advance(scratch);
}

void RunReader::advance(std::span<char> scratch) {
  if (next_ == block_end_) {
    if (offset_ == run_->end) {
      at_end_ = true;
      return;
    }
    read_block(scratch);
  }
  record_ = read_record(next_);
  prefix_ = key_prefix(record_.key, 0);
  next_ += record_.bytes.size();
}

void RunReader::read_header() { run_->file->read(offset_, {reinterpret_cast<char*>(&header_), sizeof header_}); }

void RunReader::read_block(std::span<char> scratch) {
  const std::size_t stored_bytes = header_.stored_bytes;
  const std::uint64_t end = offset_ + sizeof header_ + stored_bytes;
  const bool is_packed = stored_bytes < header_.bytes;
  // Lengths are checked before they are believed; the checksum needs the bytes.
  if (end > run_->end || header_.bytes > run_->block_bytes_max || stored_bytes > header_.bytes ||
      (is_packed && stored_bytes + sizeof header_ > scratch.size())) {
    run_->file->fail_damaged(offset_);
  }
  const std::span<char> target = is_packed ? scratch : std::span(block_.get(), run_->block_bytes_max + sizeof header_);
  const bool is_last = end == run_->end;
  run_->file->read(offset_ + sizeof header_, target.first(stored_bytes + (is_last ? 0 : sizeof header_)));
  const std::string_view stored(target.data(), stored_bytes);
  if (!is_intact(header_, stored, offset_) || (is_packed && !unpack(stored, {block_.get(), header_.bytes}))) {
    run_->file->fail_damaged(offset_);
  }
  next_ = block_.get();
  block_end_ = next_ + header_.bytes;
  if (!is_last) std::memcpy(&header_, target.data() + stored_bytes, sizeof header_);
  offset_ = end;
  read_ahead();
  release_read();
}

void RunReader::read_ahead() {
  if (asked_end_ >= run_->end || asked_end_ > offset_ + kReadAheadBytes) return;
  const std::uint64_t end = std::min(run_->end, std::max(asked_end_, offset_) + kReadAheadBytes);
  run_->file->will_read(asked_end_, end - asked_end_);
  asked_end_ = end;
}

void RunReader::release_read() {
  const std::uint64_t end = offset_ == run_->end ? offset_ : offset_ / kPageBytes * kPageBytes;
  if (offset_ != run_->end && end < released_end_ + kReleaseBytes) return;
  run_->file->release(released_end_, end - released_end_);
  released_end_ = end;
}

}  // namespace chatload::spill
