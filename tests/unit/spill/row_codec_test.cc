#include "spill/row_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "base/units.h"
#include "unit/spill/spill_rows.h"

namespace chatload::spill {
namespace {

using Texts = std::vector<std::string>;

class RowCodecTest : public testing::Test {
 protected:
  [[nodiscard]] std::string encoded(std::string_view text, std::int64_t time, std::string_view key,
                                    const RowOrigin& origin) const {
    parse::RowBatch batch;
    batch.layout = spill_layout();
    batch.cells = {parse::Cell::text(text), parse::Cell::time(time), parse::Cell::text(key)};
    batch.lines.resize(1);
    std::string bytes(codec_.bytes_max(batch, 0), '\0');
    const std::size_t size = codec_.encode(batch, 0, origin, bytes.data());
    EXPECT_LE(size, bytes.size());
    bytes.resize(size);
    return bytes;
  }

  // Encodes the row, checks what was promised of it, and appends what comes back to rows_ and origins_.
  void send(std::string_view text, std::int64_t time, std::string_view key, const RowOrigin& origin) {
    std::string bytes = encoded(text, time, key, origin);
    const Record record = read_record(bytes.data());
    EXPECT_EQ(record.bytes.size(), bytes.size());
    EXPECT_EQ(record.key, key);
    EXPECT_EQ(read_key(bytes.data()), key);
    EXPECT_EQ(place_of(record).range, origin.range);
    EXPECT_EQ(place_of(record).line_index, origin.line.line_index);
    codec_.decode(record.bytes, rows_, origins_);
    std::fill(bytes.begin(), bytes.end(), '#');  // nothing is borrowed from the record
    EXPECT_EQ(rows_.cells.size(), rows_.rows() * 3);
    EXPECT_EQ(rows_.cells.end()[-3].as_text(), text);
    EXPECT_EQ(rows_.cells.end()[-2].as_microseconds(), time);
    EXPECT_EQ(rows_.cells.end()[-1].as_text(), key);
    for (const parse::LineSpan& line : {rows_.lines.back(), origins_.back().line}) {
      EXPECT_EQ(line.line_index, origin.line.line_index);
      EXPECT_EQ(line.begin_bytes, origin.line.begin_bytes);
      EXPECT_EQ(line.size_bytes, origin.line.size_bytes);
    }
    EXPECT_EQ(origins_.back().range, origin.range);
  }

  RowCodec codec_{spill_layout()};
  parse::RowBatch rows_;
  std::vector<RowOrigin> origins_;
};

TEST_F(RowCodecTest, ValuesOfEverySizeComeBack) {
  constexpr auto kMax32 = std::numeric_limits<std::uint32_t>::max();
  constexpr auto kMax64 = std::numeric_limits<std::uint64_t>::max();
  const Texts texts = {
      "", "x", std::string(127, 'y'), std::string(128, 'z'), std::string("\0a\xff\0", 4), std::string(kMiB, 'm')};
  for (const std::string& text : texts) {
    for (const std::string& key : texts) {
      send(text, 0, key, {{SourceOrdinal(5), RangeNumber(1)}, {2, 3, 4}});
    }
  }
  for (const std::int64_t time : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{64}, std::int64_t{1'479'816'000},
                                  std::int64_t{-30'610'224'000'000'000}, std::int64_t{253'402'300'799'999'999}}) {
    send("text", time, "key", {{SourceOrdinal(kMax64), RangeNumber(kMax64)}, {kMax32, kMax32, kMax32}});
  }
}

TEST_F(RowCodecTest, NullIsNoEmptyTextAndBytesAreNoText) {
  for (const parse::Cell cell : {parse::Cell(), parse::Cell::text(""), parse::Cell::bytes(""), parse::Cell::time(0),
                                 parse::Cell::bytes("b"), parse::Cell::time(1'000'000)}) {
    parse::RowBatch batch;
    batch.layout = spill_layout();
    batch.cells = {cell, parse::Cell(), parse::Cell::text("key")};
    std::string bytes(codec_.bytes_max(batch, 0), '\0');
    bytes.resize(codec_.encode(batch, 0, {}, bytes.data()));
    codec_.decode(bytes, rows_, origins_);
    EXPECT_EQ(rows_.cells.end()[-3].kind(), cell.kind());
    EXPECT_EQ(rows_.cells.end()[-2].kind(), parse::CellKind::kNull);
    if (cell.is_borrowed()) {
      EXPECT_EQ(rows_.cells.end()[-3].as_text(), cell.as_text());
    }
    if (cell.kind() == parse::CellKind::kTime) {
      EXPECT_EQ(rows_.cells.end()[-3].as_microseconds(), cell.as_microseconds());
    }
  }
}

TEST_F(RowCodecTest, KeyOfItsOwnComesBackBesideAllColumns) {
  const parse::RowLayout layout{.columns = 2, .key_cell = 2};
  const RowCodec codec(layout);
  parse::RowBatch batch;
  batch.layout = layout;
  batch.cells = {parse::Cell::text("12"), parse::Cell(), parse::Cell::text("\x80 key")};
  batch.lines.resize(1);
  std::string bytes(codec.bytes_max(batch, 0), '\0');
  bytes.resize(codec.encode(batch, 0, {}, bytes.data()));
  EXPECT_EQ(read_key(bytes.data()), "\x80 key");
  parse::RowBatch decoded;
  decoded.layout = layout;
  codec.decode(bytes, decoded, origins_);
  EXPECT_EQ(decoded.key(0), "\x80 key");
  ASSERT_EQ(decoded.row(0).size(), 2U);
  EXPECT_EQ(decoded.row(0)[0].as_text(), "12");
  EXPECT_EQ(decoded.row(0)[1].kind(), parse::CellKind::kNull);
}

TEST_F(RowCodecTest, KeysAreOrderedByUnsignedBytesTheShorterFirst) {
  const Texts ascending = {"",
                           std::string(1, '\0'),
                           std::string(2, '\0'),
                           "a",
                           std::string("a\0", 2),
                           "aa",
                           "abcdefgh",
                           std::string("abcdefgh\0", 9),
                           "abcdefghi",
                           "b",
                           "\x7f",
                           "\x80",
                           "\xff"};
  for (std::size_t a = 0; a < ascending.size(); ++a) {
    for (std::size_t b = 0; b < ascending.size(); ++b) {
      const std::string left_bytes = encoded("", 0, ascending[a], {{SourceOrdinal(1), RangeNumber(9)}, {}});
      const std::string right_bytes = encoded("", 0, ascending[b], {{SourceOrdinal(1), RangeNumber(0)}, {}});
      const Record left = read_record(left_bytes.data());
      const Record right = read_record(right_bytes.data());
      EXPECT_EQ(is_before(left, right), a < b) << a << ' ' << b;
      if (a < b) {
        EXPECT_LE(key_prefix(left.key, 0), key_prefix(right.key, 0)) << a << ' ' << b;
      }
    }
  }
  EXPECT_LT(key_prefix("xxa", 2), key_prefix("xx\xc3", 2));
  EXPECT_EQ(key_prefix("xx", 2), 0U);
}

TEST_F(RowCodecTest, SourcesOfEverySizeComeBack) {
  for (const std::uint64_t source : {0U, 1U, 127U, 128U, 20'000U, 1U << 31U}) {
    for (const std::uint64_t range : {0U, 128U}) {
      send("text", 7, "key", {{SourceOrdinal(source), RangeNumber(range)}, {2, 3, 4}});
    }
  }
}

TEST_F(RowCodecTest, EqualKeysAreOrderedBySourceThenRangeThenLine) {
  std::deque<std::string> rows;
  const auto at = [&](std::uint64_t source, std::uint64_t range, std::uint32_t line_index) {
    const RowOrigin origin{{SourceOrdinal(source), RangeNumber(range)}, {line_index, 0, 0}};
    return read_record(rows.emplace_back(encoded("", 0, "k", origin)).data());
  };
  EXPECT_TRUE(is_before(at(1, 1, 9), at(1, 2, 0)));
  EXPECT_FALSE(is_before(at(1, 2, 0), at(1, 1, 9)));
  EXPECT_TRUE(is_before(at(1, 2, 3), at(1, 2, 4)));
  EXPECT_FALSE(is_before(at(1, 2, 3), at(1, 2, 3)));
  EXPECT_TRUE(is_before(at(1, 2, 3), at(2, 0, 0)));
  EXPECT_FALSE(is_before(at(2, 0, 0), at(1, 2, 3)));
  EXPECT_TRUE(is_before(at(9, 0, 0), at(10, 0, 0)));
}

}  // namespace
}  // namespace chatload::spill
