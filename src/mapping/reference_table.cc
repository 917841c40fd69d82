#include "mapping/reference_table.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "base/digest.h"

namespace chatload::mapping {
namespace {

// Of a node of the hash table, with what malloc adds, and its place among the buckets.
constexpr std::size_t kIndexBytesPerRow = 64;

}  // namespace

void ReferenceTable::add(std::string_view key, std::span<const Value> values, std::uint64_t place) {
  append(key);
  for (const Value value : values) append(value);
  places_.push_back(place);
}

void ReferenceTable::append(Value text) {
  const std::string_view bytes = text.value_or(std::string_view());
  cells_.push_back({texts_.size(), static_cast<std::uint32_t>(bytes.size()), !text});
  texts_ += bytes;
}

std::optional<ReferenceTable::Pair> ReferenceTable::complete() {
  by_key_.reserve(rows());
  for (std::size_t row = 0; row < rows(); ++row) {
    const auto [first, is_new] = by_key_.emplace(key(row), static_cast<std::uint32_t>(row));
    if (!is_new) return Pair{first->second, row};
  }
  Digest digest;
  text_bytes_ = 0;
  write_text([&](std::string_view text) {
    digest.update(text);
    text_bytes_ += text.size();
  });
  digest_ = digest.hex();
  return std::nullopt;
}

ReferenceTable::Value ReferenceTable::cell(std::size_t index) const {
  const Text& text = cells_[index];
  if (text.is_null) return std::nullopt;
  return std::string_view(texts_).substr(text.begin, text.size);
}

std::optional<std::size_t> ReferenceTable::find(std::string_view key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? std::nullopt : std::optional<std::size_t>(found->second);
}

std::size_t ReferenceTable::value_bytes_max(std::size_t field) const {
  std::size_t most = 0;
  for (std::size_t row = 0; row < rows(); ++row) most = std::max(most, value(row, field).value_or("").size());
  return most;
}

void ReferenceTable::write_text(const std::function<void(std::string_view)>& write) const {
  std::vector<std::size_t> order(rows());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  for (const std::size_t row : order) {
    for (std::size_t at = row * (fields_ + 1); at < (row + 1) * (fields_ + 1); ++at) {
      const Value text = cell(at);
      write(text ? std::to_string(text->size()) + ':' : "-:");
      write(text.value_or(""));
    }
  }
}

std::size_t ReferenceTable::memory_bytes() const {
  return texts_.capacity() + cells_.capacity() * sizeof(Text) + places_.capacity() * sizeof(std::uint64_t) +
         rows() * kIndexBytesPerRow;
}

}  // namespace chatload::mapping
