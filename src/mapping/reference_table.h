// Reference data that values of records are looked up in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace chatload::mapping {

// Rows of texts, each with a key. Built row by row, and immutable once it is complete.
class ReferenceTable {
 public:
  using Value = std::optional<std::string_view>;  // nothing: NULL

  // fields: of a row, beside its key.
  explicit ReferenceTable(std::size_t fields) : fields_(fields) {}
  ReferenceTable(const ReferenceTable&) = delete;
  ReferenceTable& operator=(const ReferenceTable&) = delete;

  // place: of the row, for messages.
  void add(std::string_view key, std::span<const Value> values, std::uint64_t place);

  // Two rows with the same key; nothing where there are none. Only then rows can be found, and there is a digest.
  struct Pair {
    std::size_t first;
    std::size_t second;
  };
  [[nodiscard]] std::optional<Pair> complete();

  [[nodiscard]] std::size_t rows() const { return places_.size(); }
  [[nodiscard]] std::string_view key(std::size_t row) const { return *cell(row * (fields_ + 1)); }
  [[nodiscard]] Value value(std::size_t row, std::size_t field) const { return cell(row * (fields_ + 1) + 1 + field); }
  [[nodiscard]] std::uint64_t place(std::size_t row) const { return places_[row]; }

  // The row of the key.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view key) const;

  // Of the longest value of a field.
  [[nodiscard]] std::size_t value_bytes_max(std::size_t field) const;

  // All keys and values as one text, the same whatever the order of the rows. By their keys, byte by byte, each row has
  // its key and then its fields, each of them as LENGTH:BYTES, or as -: for NULL.
  void write_text(const std::function<void(std::string_view)>& write) const;
  [[nodiscard]] std::uint64_t text_bytes() const { return text_bytes_; }
  // Of that text.
  [[nodiscard]] const std::string& digest() const { return digest_; }

  // With what finding takes.
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  struct Text {
    std::uint64_t begin;  // in texts_
    std::uint32_t size;
    bool is_null;
  };

  void append(Value text);
  [[nodiscard]] Value cell(std::size_t index) const;

  const std::size_t fields_;
  std::string texts_;
  std::vector<Text> cells_;  // by row: the key, then the fields
  std::vector<std::uint64_t> places_;
  std::unordered_map<std::string_view, std::uint32_t> by_key_;
  std::uint64_t text_bytes_ = 0;
  std::string digest_;
};

}  // namespace chatload::mapping
