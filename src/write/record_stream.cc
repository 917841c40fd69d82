#include "write/record_stream.h"

#include <string_view>

namespace chatload::write {
namespace {

// A few records at a time, so that they are still in the cache when they are sent.
constexpr std::size_t kChunkBytes = std::size_t{32} * 1024;

}  // namespace

RecordStream::RecordStream(const StatementBuilder& builder, const parse::RowBatch& rows,
                           std::span<const std::uint32_t> order, std::string& chunk)
    : builder_(builder), rows_(rows), order_(order), chunk_(chunk) {
  chunk_.clear();
}

std::size_t RecordStream::read(std::span<char> out) {
  if (read_bytes_ == chunk_.size()) {
    chunk_.clear();
    read_bytes_ = 0;
    for (; !order_.empty() && chunk_.size() < kChunkBytes; order_ = order_.subspan(1)) {
      builder_.append_record(rows_.row(order_.front()), chunk_);
    }
  }
  const std::size_t bytes = std::string_view(chunk_).substr(read_bytes_).copy(out.data(), out.size());
  read_bytes_ += bytes;
  return bytes;
}

}  // namespace chatload::write
