#include "parse/row_batch.h"

#include <gtest/gtest.h>

#include <string>

namespace chatload::parse {
namespace {

TEST(RawReject, DetailSaysWhatIsWrongOrCut) {
  RawReject reject{
      .line = {}, .offset = {}, .reason = RejectReason::kInvalidJson, .field = kNoField, .fault = {}, .raw = ""};
  EXPECT_EQ(reject.detail(), "");
  reject.fault = {LineFaultKind::kNul, 6};
  EXPECT_EQ(reject.detail(), "NUL at column 7");
  reject.fault = {};
  reject.cut_bytes = 12'345;
  EXPECT_EQ(reject.detail(), "12345 bytes are cut out of its middle");
}

TEST(TextArena, StoredTextsStayWhereTheyAre) {
  TextArena arena;
  std::vector<std::string> texts;
  std::vector<std::string_view> stored;
  for (std::size_t i = 0; i < 2'000; ++i) {
    texts.push_back(std::string(i % 97, static_cast<char>('a' + i % 26)));
    if (i % 500 == 0) texts.back() = std::string(200'000, 'L');
    stored.push_back(arena.store(texts.back()));
  }
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(stored[i], texts[i]);
}

TEST(TextArena, MemoryIsReusedAfterClear) {
  TextArena arena;
  const char* const first = arena.store("first").data();
  arena.clear();
  EXPECT_EQ(arena.store("again").data(), first);
}

TEST(TextArena, MemoryIsReusedWhereLargeTextsStandBeforeSmallOnes) {
  TextArena arena;
  const std::string large(100'000, 'x');
  const char* const first = arena.store("small").data();
  for (int round = 0; round < 3; ++round) {
    arena.clear();
    static_cast<void>(arena.store(large));
    EXPECT_EQ(arena.store("small").data(), first);
  }
}

TEST(TextArena, TextLargerThanAChunkFitsBetweenSmallOnes) {
  TextArena arena;
  for (int round = 0; round < 3; ++round) {
    arena.clear();
    const std::string_view before = arena.store("before");
    const std::string_view large = arena.store(std::string(1'000'000, 'x'));
    const std::string_view behind = arena.store("behind");
    EXPECT_EQ(before, "before");
    EXPECT_EQ(large, std::string(1'000'000, 'x'));
    EXPECT_EQ(behind, "behind");
  }
}

TEST(RowBatch, ClearKeepsTheVectorsMemory) {
  RowBatch batch;
  batch.layout = {.columns = 1, .key_cell = std::nullopt};
  batch.cells.assign(100, Cell::time(7));
  batch.lines.resize(100);
  batch.clear();
  EXPECT_EQ(batch.rows(), 0u);
  EXPECT_GE(batch.cells.capacity(), 100u);
  EXPECT_GE(batch.lines.capacity(), 100u);
}

TEST(Cell, SaysWhatItHolds) {
  EXPECT_EQ(Cell::text("abc").as_text(), "abc");
  EXPECT_EQ(Cell::text("abc").kind(), CellKind::kText);
  EXPECT_EQ(Cell::bytes("abc").as_text(), "abc");
  EXPECT_EQ(Cell::bytes("abc").kind(), CellKind::kBytes);
  EXPECT_EQ(Cell::time(-5).as_microseconds(), -5);
  EXPECT_EQ(Cell::time(0).kind(), CellKind::kTime);
  EXPECT_EQ(Cell().kind(), CellKind::kNull);
  EXPECT_EQ(Cell::text({}).kind(), CellKind::kText) << "the empty text is no NULL";
}

}  // namespace
}  // namespace chatload::parse
