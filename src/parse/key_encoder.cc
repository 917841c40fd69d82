// Bytes are equal exactly where the server calls the values equal. They also sort as the index does, but for padded
// texts with characters below the space, texts of some charsets, and members of an ENUM or a SET: that is a matter of
// speed alone.
//
// A text in front of other parts ends with two zero bytes, and a zero byte in it becomes 00 01, so that no two keys run
// into one: (a, bc) is not (ab, c).
#include "parse/key_encoder.h"

#include <charconv>
#include <cstdint>

namespace chatload::parse {
namespace {

using mapping::KeyForm;

constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;

std::string_view unpadded(std::string_view text) { return text.substr(0, text.find_last_not_of(' ') + 1); }

bool is_text(const auto& part) { return part.form == KeyForm::kBytes || part.form == KeyForm::kPadded; }

// REQUIRES: is_text(part).
std::string_view text_of(const auto& part, std::span<const Cell> row) {
  const std::string_view text = row[part.column].as_text();
  return part.form == KeyForm::kPadded ? unpadded(text) : text;
}

void append_big_endian(std::string& key, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(value >> shift);
}

void append_delimited(std::string& key, std::string_view text) {
  for (const char c : text) {
    key += c;
    if (c == '\0') key += '\1';
  }
  key.append(2, '\0');
}

// REQUIRES: digits that a column of 64 bits holds.
template <typename Integer>
Integer to_integer(std::string_view digits) {
  Integer value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

}  // namespace

KeyEncoder::KeyEncoder(const mapping::Mapping& mapping) {
  for (const mapping::KeyPart& part : mapping.key) {
    const mapping::SqlType& type = mapping.columns[part.column].type;
    parts_.push_back({part.column, part.form, type.is_unsigned});
  }
}

Cell KeyEncoder::encode(std::span<const Cell> row, TextArena& made) {
  if (parts_.size() == 1 && is_text(parts_.front())) return Cell::text(text_of(parts_.front(), row));
  key_.clear();
  for (const Part& part : parts_) append(part, row);
  return Cell::text(made.store(key_));
}

void KeyEncoder::append(const Part& part, std::span<const Cell> row) {
  const Cell& cell = row[part.column];
  switch (part.form) {
    case KeyForm::kBytes:
    case KeyForm::kPadded: {
      const std::string_view text = text_of(part, row);
      if (&part == &parts_.back()) {
        key_ += text;
      } else {
        append_delimited(key_, text);
      }
      break;
    }
    case KeyForm::kNumber:
      append_big_endian(key_, part.is_unsigned
                                  ? to_integer<std::uint64_t>(cell.as_text())
                                  : static_cast<std::uint64_t>(to_integer<std::int64_t>(cell.as_text())) ^ kSignBit);
      break;
    case KeyForm::kTime: append_big_endian(key_, static_cast<std::uint64_t>(cell.as_microseconds()) ^ kSignBit); break;
    case KeyForm::kNone: break;
  }
}

}  // namespace chatload::parse
