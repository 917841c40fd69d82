// A record, integers little-endian, "varint" as in LEB128 (seven bits a byte, the lowest first):
//
//   u16 head bytes
//   u32 text bytes
//   head:  varint key bytes, source, range, line index, line begin, line size;
//          then of every column that is not the whole key, in the mapping's order, a varint: what the cell is (Form)
//          in its lowest three bits, above them the bytes of its text, or its time in zigzag
//   text:  the key, then the texts of the other columns in the mapping's order
//
// Both lengths come first, so that a merge finds the key and the next record without reading the columns; all text
// stands together, so that a row's texts are copied by one memcpy.
#include "spill/row_codec.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

namespace chatload::spill {
namespace {

constexpr std::size_t kVarintBytesMax = 10;
constexpr std::size_t kOriginVarints = 6;  // with the key's length
constexpr std::size_t kHeadBytesAt = 0;
constexpr std::size_t kTextBytesAt = sizeof(std::uint16_t);
constexpr std::size_t kHeadAt = kTextBytesAt + sizeof(std::uint32_t);

static_assert(std::endian::native == std::endian::little);

// What a cell is. A time is mostly of whole seconds, which are three bytes less.
enum class Form : std::uint8_t { kNull, kText, kBytes, kSeconds, kMicroseconds };
constexpr unsigned kFormBits = 3;
constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;

template <typename Integer>
Integer load(const char* at) {
  Integer value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename Integer>
void store(Integer value, char* at) {
  std::memcpy(at, &value, sizeof value);
}

char* put_varint(std::uint64_t value, char* out) {
  for (; value >= 0x80; value >>= 7) *out++ = static_cast<char>(value | 0x80);
  *out++ = static_cast<char>(value);
  return out;
}

std::uint64_t take_varint(const char*& at) {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
}

RangeKey take_range(const char*& at) {
  const SourceOrdinal source(take_varint(at));
  return {source, RangeNumber(take_varint(at))};
}

std::uint64_t to_zigzag(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}

std::int64_t from_zigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1 ^ (std::uint64_t{0} - (value & 1)));
}

// What stands in a record's head of a cell.
std::uint64_t head_of(const parse::Cell& cell) {
  const auto with = [](Form form, std::uint64_t value) {
    return value << kFormBits | static_cast<std::uint64_t>(form);
  };
  switch (cell.kind()) {
    case parse::CellKind::kNull: break;
    case parse::CellKind::kText: return with(Form::kText, cell.as_text().size());
    case parse::CellKind::kBytes: return with(Form::kBytes, cell.as_text().size());
    case parse::CellKind::kTime: {
      const std::int64_t time = cell.as_microseconds();
      const bool is_whole = time % kMicrosecondsPerSecond == 0;
      return is_whole ? with(Form::kSeconds, to_zigzag(time / kMicrosecondsPerSecond))
                      : with(Form::kMicroseconds, to_zigzag(time));
    }
  }
  return with(Form::kNull, 0);
}

}  // namespace

Record read_record(const char* bytes) {
  const char* at = bytes + kHeadAt;
  const char* const text = at + load<std::uint16_t>(bytes + kHeadBytesAt);
  Record record;
  record.bytes = {bytes, static_cast<std::size_t>(text - bytes) + load<std::uint32_t>(bytes + kTextBytesAt)};
  record.key = {text, take_varint(at)};
  return record;
}

LinePlace place_of(const Record& record) {
  const char* at = record.bytes.data() + kHeadAt;
  (void)take_varint(at);  // the key's length
  const RangeKey range = take_range(at);
  return {range, static_cast<std::uint32_t>(take_varint(at))};
}

std::string_view read_key(const char* bytes) {
  const char* at = bytes + kHeadAt;
  const char* const text = at + load<std::uint16_t>(bytes + kHeadBytesAt);
  return {text, take_varint(at)};
}

RowCodec::RowCodec(const parse::RowLayout& layout) : layout_(layout) {
  assert(layout.key_cell);
  assert((kOriginVarints + layout.columns) * kVarintBytesMax <= UINT16_MAX);
}

std::size_t RowCodec::bytes_max(std::size_t text_bytes, std::size_t columns) {
  return kHeadAt + (kOriginVarints + columns) * kVarintBytesMax + text_bytes;
}

std::size_t RowCodec::bytes_max(const parse::RowBatch& rows, std::size_t index) const {
  std::size_t text_bytes = layout_.has_own_key_cell() ? rows.key(index).size() : 0;
  for (const parse::Cell& cell : rows.row(index)) {
    if (cell.is_borrowed()) text_bytes += cell.as_text().size();
  }
  return bytes_max(text_bytes, layout_.columns);
}

std::size_t RowCodec::encode(const parse::RowBatch& rows, std::size_t index, const RowOrigin& origin, char* out) const {
  const std::span<const parse::Cell> row = rows.row(index);
  const std::string_view key = rows.key(index);
  char* at = put_varint(key.size(), out + kHeadAt);
  at = put_varint(origin.range.source.value(), at);
  at = put_varint(origin.range.number.value(), at);
  at = put_varint(origin.line.line_index, at);
  at = put_varint(origin.line.begin_bytes, at);
  at = put_varint(origin.line.size_bytes, at);
  for (std::size_t column = 0; column < row.size(); ++column) {
    if (column == layout_.key_cell) continue;
    at = put_varint(head_of(row[column]), at);
  }
  char* const text = at;
  const auto put_text = [&](std::string_view cell) {
    if (!cell.empty()) std::memcpy(at, cell.data(), cell.size());
    at += cell.size();
  };
  put_text(key);
  for (std::size_t column = 0; column < row.size(); ++column) {
    if (column != layout_.key_cell && row[column].is_borrowed()) put_text(row[column].as_text());
  }
  store(static_cast<std::uint16_t>(text - out - static_cast<std::ptrdiff_t>(kHeadAt)), out + kHeadBytesAt);
  store(static_cast<std::uint32_t>(at - text), out + kTextBytesAt);
  return static_cast<std::size_t>(at - out);
}

void RowCodec::decode(std::string_view record, parse::RowBatch& rows, std::vector<RowOrigin>& origins) const {
  const std::size_t text_bytes = load<std::uint32_t>(record.data() + kTextBytesAt);
  std::string_view text = rows.unescaped.store(record.substr(record.size() - text_bytes));
  const auto take_text = [&](std::uint64_t size_bytes) {
    const std::string_view cell = text.substr(0, size_bytes);
    text.remove_prefix(size_bytes);
    return cell;
  };
  const auto take_cell = [&](std::uint64_t head) -> parse::Cell {
    const std::uint64_t value = head >> kFormBits;
    switch (static_cast<Form>(head & ((1U << kFormBits) - 1))) {
      case Form::kNull: break;
      case Form::kText: return parse::Cell::text(take_text(value));
      case Form::kBytes: return parse::Cell::bytes(take_text(value));
      case Form::kSeconds: return parse::Cell::time(from_zigzag(value) * kMicrosecondsPerSecond);
      case Form::kMicroseconds: return parse::Cell::time(from_zigzag(value));
    }
    return {};
  };
  const char* at = record.data() + kHeadAt;
  const std::uint64_t key_bytes = take_varint(at);
  RowOrigin origin{};
  origin.range = take_range(at);
  origin.line.line_index = static_cast<std::uint32_t>(take_varint(at));
  origin.line.begin_bytes = take_varint(at);
  origin.line.size_bytes = static_cast<std::uint32_t>(take_varint(at));
  rows.lines.push_back(origin.line);
  origins.push_back(origin);

  const parse::Cell key = parse::Cell::text(take_text(key_bytes));
  rows.cells.resize(rows.cells.size() + layout_.cells());
  auto cell = rows.cells.end() - static_cast<std::ptrdiff_t>(layout_.cells());
  for (std::size_t index = 0; index < layout_.cells(); ++index) {
    *cell++ = index == layout_.key_cell ? key : take_cell(take_varint(at));
  }
}

}  // namespace chatload::spill
