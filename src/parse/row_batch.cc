#include "parse/row_batch.h"

#include <fmt/format.h>

#include <cstring>

namespace chatload::parse {

std::string RawReject::detail() const {
  if (cut_bytes == 0) return to_string(fault);
  return fmt::format("{} bytes are cut out of its middle", cut_bytes);
}

std::string_view TextArena::store(std::string_view text) {
  if (text.empty()) return {};
  char* copy = nullptr;
  if (text.size() > kChunkBytesMax) {
    copy = large_.emplace_back(std::make_unique_for_overwrite<char[]>(text.size())).get();
  } else {
    while (chunk_bytes(chunk_) - used_ < text.size()) {
      ++chunk_;
      used_ = 0;
    }
    while (chunk_ >= chunks_.size()) {
      chunks_.push_back(std::make_unique_for_overwrite<char[]>(chunk_bytes(chunks_.size())));
    }
    copy = chunks_[chunk_].get() + used_;
    used_ += text.size();
  }
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

void TextArena::clear() {
  large_.clear();
  chunk_ = 0;
  used_ = 0;
}

RowLayout layout_of(const mapping::Mapping& mapping) {
  RowLayout layout{.columns = mapping.columns.size(), .key_cell = std::nullopt};
  if (!mapping::has_exact_key(mapping)) return layout;
  const mapping::KeyPart& first = mapping.key.front();
  // Decoded bytes have to come back as such, so that they are no key alone.
  const bool is_as_it_stands = mapping.key.size() == 1 && first.form == mapping::KeyForm::kBytes &&
                               mapping.columns[first.column].decode == mapping::Decode::kNone;
  layout.key_cell = is_as_it_stands ? first.column : layout.columns;
  return layout;
}

void RowBatch::clear() {
  cells.clear();
  lines.clear();
  unescaped.clear();
}

}  // namespace chatload::parse
