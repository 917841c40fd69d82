#include "parse/row_batch.h"

#include <algorithm>
#include <cstring>

namespace chatload::parse {

std::string_view TextArena::store(std::string_view text) {
  if (text.empty()) return {};
  while (chunk_ < chunks_.size() && chunks_[chunk_].capacity - used_ < text.size()) {
    ++chunk_;
    used_ = 0;
  }
  if (chunk_ == chunks_.size()) {
    const std::size_t capacity = std::max(kChunkBytes, text.size());
    chunks_.push_back({std::make_unique_for_overwrite<char[]>(capacity), capacity});
    used_ = 0;
  }
  char* const copy = chunks_[chunk_].bytes.get() + used_;
  std::memcpy(copy, text.data(), text.size());
  used_ += text.size();
  return {copy, text.size()};
}

void TextArena::clear() {
  // A chunk made for one huge text goes, so that what is kept stays in proportion to what a range needs.
  std::erase_if(chunks_, [](const Chunk& chunk) { return chunk.capacity > kChunkBytes; });
  chunk_ = 0;
  used_ = 0;
}

void RowBatch::clear() {
  cells.clear();
  lines.clear();
  unescaped.clear();
}

}  // namespace chatload::parse
