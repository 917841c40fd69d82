#include "write/record_stream.h"

#include <algorithm>
#include <string_view>

namespace chatload::write {
namespace {

// A few records at a time, so that they are still in the cache when they are sent.
constexpr std::size_t kChunkBytes = std::size_t{32} * 1024;

}  // namespace

RecordStream::RecordStream(const StatementBuilder& builder, const parse::RowBatch& rows,
                           std::span<const std::uint32_t> order, std::string& chunk)
    : builder_(builder), rows_(rows), order_(order), chunk_(chunk) {}

std::size_t RecordStream::read(std::span<char> out) {
  if (read_bytes_ == held_bytes_) {
    held_bytes_ = 0;
    read_bytes_ = 0;
    for (; !order_.empty() && held_bytes_ < kChunkBytes; order_ = order_.subspan(1)) {
      const std::span<const parse::Cell> row = rows_.row(order_.front());
      chunk_.resize(std::max(chunk_.size(), held_bytes_ + builder_.row_bytes_max(row)));
      held_bytes_ = static_cast<std::size_t>(builder_.put_record(row, chunk_.data() + held_bytes_) - chunk_.data());
    }
  }
  const std::string_view held(chunk_.data(), held_bytes_);
  const std::size_t bytes = held.substr(read_bytes_).copy(out.data(), out.size());
  read_bytes_ += bytes;
  return bytes;
}

}  // namespace chatload::write
