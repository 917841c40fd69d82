#include "spill/merge_cursor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "unit/scratch_folder.h"
#include "unit/spill/heap_in_use.h"
#include "unit/spill/spill_rows.h"

namespace chatload::spill {
namespace {

namespace fs = std::filesystem;

constexpr SpillLimits kLimits{.buffer_bytes = 600 * kKiB, .merge_bytes = 64 * kMiB};

class MergeCursorTest : public testing::Test {
 protected:
  // Of the one nameless file in the folder that this process has open and that has bytes in it.
  int spill_descriptor() const {
    for (const fs::directory_entry& entry : fs::directory_iterator("/proc/self/fd")) {
      std::error_code error;
      const std::string target = fs::read_symlink(entry.path(), error).string();
      if (!target.starts_with(folder_.path().string() + "/")) continue;
      const int descriptor = std::stoi(entry.path().filename().string());
      if (::lseek(descriptor, 0, SEEK_END) > 0) return descriptor;
    }
    ADD_FAILURE() << "no spill file";
    return -1;
  }

  // What the file takes on disk, the holes in it left out.
  static std::uint64_t space_bytes(int descriptor) {
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) ADD_FAILURE() << "fstat";
    constexpr std::uint64_t kStatBlockBytes = 512;  // man 3type stat
    return static_cast<std::uint64_t>(status.st_blocks) * kStatBlockBytes;
  }

  static void flip_bit(int descriptor, off_t offset) {
    char byte = 0;
    ASSERT_EQ(::pread(descriptor, &byte, 1, offset), 1);
    byte = static_cast<char>(byte ^ 4);
    ASSERT_EQ(::pwrite(descriptor, &byte, 1, offset), 1);
  }

  ScratchFolder folder_;
};

TEST_F(MergeCursorTest, BatchEndsWithTheRowAtWhichItsLinesComeToWhatIsAskedFor) {
  SpillRows rows;
  for (int row = 0; row < 1000; ++row) rows.add(fmt::format("{:04}", row), std::string(row == 500 ? 5000 : 36, 'x'));
  const auto batch_sizes = [&](std::size_t line_bytes) {
    SpillStore store(folder_.path(), spill_layout(), kLimits);
    RunBuilder builder(store);
    rows.add_all(builder);
    MergeCursor cursor(store);
    parse::RowBatch batch;
    std::vector<RowOrigin> origins;
    std::vector<std::size_t> sizes;
    while (cursor.next(batch, origins, line_bytes)) {
      EXPECT_EQ(batch.rows(), origins.size());
      EXPECT_EQ(batch.layout.columns, 3U);
      EXPECT_EQ(batch.cells.size(), 3 * batch.rows());
      sizes.push_back(batch.rows());
    }
    EXPECT_EQ(batch.rows(), 0U);
    return sizes;
  };
  // Lines of 100 bytes, and one of 5,064.
  std::vector<std::size_t> by_bytes(101, 10);
  by_bytes[50] = 1;
  by_bytes[100] = 9;
  EXPECT_EQ(batch_sizes(1000), by_bytes);
  EXPECT_EQ(batch_sizes(901), by_bytes);
  EXPECT_EQ(batch_sizes(1), std::vector<std::size_t>(1000, 1));
}

TEST_F(MergeCursorTest, ARowThatIsLargerThanItsLineCountsAsItIs) {
  SpillRows rows;
  for (int row = 0; row < 100; ++row) rows.add(fmt::format("{:04}", row), std::string(1000, 'x'));
  for (SpillRow& row : rows.rows) row.line.size_bytes = 10;
  SpillStore store(folder_.path(), spill_layout(), kLimits);
  RunBuilder builder(store);
  rows.add_all(builder);
  MergeCursor cursor(store);
  parse::RowBatch batch;
  std::vector<RowOrigin> origins;
  ASSERT_TRUE(cursor.next(batch, origins, 2'000));
  EXPECT_EQ(batch.rows(), 2U);
}

TEST_F(MergeCursorTest, ARowCountsAsTheShortestLineThatIsAskedForWhereItIsShorter) {
  SpillRows rows;
  for (int row = 0; row < 100; ++row) rows.add(fmt::format("{:04}", row), "x");
  SpillStore store(folder_.path(), spill_layout(), kLimits);
  RunBuilder builder(store);
  rows.add_all(builder);
  MergeCursor cursor(store);
  parse::RowBatch batch;
  std::vector<RowOrigin> origins;
  ASSERT_TRUE(cursor.next(batch, origins, 2'000, 500));
  EXPECT_EQ(batch.rows(), 4U);
}

// Two sources with the same keys, and one of their own each, spilled in turns.
class MergeOfTwoSourcesTest : public MergeCursorTest {
 protected:
  static constexpr int kKeys = 3000;

  MergeOfTwoSourcesTest() {
    for (int row = 0; row < kKeys; ++row) {
      const std::string key = fmt::format("{:04}", row * 7919 % kKeys);
      first_.add(key, "of the first");
      second_.add(key, "of the second");
    }
    first_.add("only the first's");
    second_.add("only the second's");
  }

  void spill(SpillStore& store) const {
    RunBuilder builder(store);
    for (std::uint64_t range = 0; range < first_.ranges(); ++range) {
      second_.add_range(range, builder);
      first_.add_range(range, builder);
    }
    builder.finish();
  }

  SpillRows first_{1000, SourceOrdinal(1)};
  SpillRows second_{1000, SourceOrdinal(2)};
};

TEST_F(MergeOfTwoSourcesTest, RowsOfOneKeyComeInTheOrderOfTheSources) {
  SpillRows both;
  both.rows = first_.rows;
  both.rows.insert(both.rows.end(), second_.rows.begin(), second_.rows.end());
  for (const std::size_t buffer_bytes : {100 * kKiB, 64 * kMiB}) {
    SpillStore store(folder_.path(), spill_layout(), {buffer_bytes, 64 * kMiB});
    spill(store);
    EXPECT_TRUE(read_all(store) == both.sorted()) << buffer_bytes;
  }
}

TEST_F(MergeOfTwoSourcesTest, RowsOfASourceThatIsLeftOutAreAsIfItHadNone) {
  const auto read_without = [&](std::set<SourceOrdinal> left_out, std::size_t line_bytes) {
    SpillStore store(folder_.path(), spill_layout(), {100 * kKiB, 64 * kMiB});
    spill(store);
    return read_all(store, line_bytes, std::move(left_out));
  };
  for (const std::size_t line_bytes : {std::size_t{1}, std::size_t{1000}, kMiB}) {
    EXPECT_TRUE(read_without({SourceOrdinal(1)}, line_bytes) == second_.sorted()) << line_bytes;
    EXPECT_TRUE(read_without({SourceOrdinal(2), SourceOrdinal(7)}, line_bytes) == first_.sorted()) << line_bytes;
    EXPECT_TRUE(read_without({SourceOrdinal(1), SourceOrdinal(2)}, line_bytes).empty()) << line_bytes;
  }
}

// So that a resumed load, whose spill has no such rows, makes the same stretches.
TEST_F(MergeOfTwoSourcesTest, RowsThatAreLeftOutEndNoBatch) {
  const auto batch_sizes = [&](const SpillStore& store, std::set<SourceOrdinal> left_out) {
    MergeCursor cursor(store, std::move(left_out));
    parse::RowBatch rows;
    std::vector<RowOrigin> origins;
    std::vector<std::size_t> sizes;
    while (cursor.next(rows, origins, 1000)) sizes.push_back(rows.rows());
    return sizes;
  };
  SpillStore both(folder_.path(), spill_layout(), kLimits);
  spill(both);
  SpillStore alone(folder_.path(), spill_layout(), kLimits);
  RunBuilder builder(alone);
  first_.add_all(builder);
  EXPECT_EQ(batch_sizes(both, {SourceOrdinal(2)}), batch_sizes(alone, {}));
}

TEST_F(MergeCursorTest, DamageAnywhereIsAnErrorAndNeverOtherRows) {
  const SpillRows rows = random_rows(3000, 8);
  constexpr std::uint64_t kHeaderBytes = 40;  // and some more: every byte of the first one is damaged
  for (const std::uint64_t plain_bytes : {std::uint64_t{0}, std::uint64_t{64 * kMiB}}) {
    std::uint64_t end = 1;
    for (std::uint64_t offset = 0; offset < end; offset += offset < kHeaderBytes ? 1 : 7919) {
      SpillStore store(folder_.path(), spill_layout(), {2 * kMiB, 64 * kMiB, plain_bytes});
      RunBuilder builder(store);
      rows.add_all(builder);
      end = store.bytes_on_disk();
      flip_bit(spill_descriptor(), static_cast<off_t>(offset));
      try {
        (void)read_all(store);
        ADD_FAILURE() << "read in spite of damage at " << offset << ", " << plain_bytes << " plain bytes";
      } catch (const EnvironmentError& error) {
        EXPECT_NE(std::string_view(error.what()).find(folder_.path().string()), std::string_view::npos) << error.what();
      }
    }
    EXPECT_GT(end, 10 * 7919U);
  }
}

TEST_F(MergeCursorTest, BlocksInEachOthersPlaceAreDamageToo) {
  SpillRows rows(1);
  for (const char* key : {"a", "b"}) rows.add(key, std::string(kBlockBytes, *key));  // a block each, of one length
  SpillStore store(folder_.path(), spill_layout(), kLimits);
  RunBuilder builder(store);
  rows.add_all(builder);
  const std::size_t block_bytes = store.bytes_on_disk() / 2;
  std::string blocks(2 * block_bytes, '\0');
  const int descriptor = spill_descriptor();
  ASSERT_EQ(::pread(descriptor, blocks.data(), blocks.size(), 0), static_cast<ssize_t>(blocks.size()));
  std::rotate(blocks.begin(), blocks.begin() + static_cast<std::ptrdiff_t>(block_bytes), blocks.end());
  ASSERT_EQ(::pwrite(descriptor, blocks.data(), blocks.size(), 0), static_cast<ssize_t>(blocks.size()));
  EXPECT_THROW((void)read_all(store), EnvironmentError);
}

TEST_F(MergeCursorTest, GivesDiskSpaceBackAsItReads) {
  const SpillRows rows = random_rows(40'000, 9);
  SpillStore store(folder_.path(), spill_layout(), {64 * kMiB, 64 * kMiB, UINT64_MAX});
  RunBuilder builder(store);
  rows.add_all(builder);
  const int descriptor = spill_descriptor();
  const std::uint64_t bytes_before = space_bytes(descriptor);
  ASSERT_GT(bytes_before, 4 * kMiB);
  parse::RowBatch batch;
  std::vector<RowOrigin> origins;
  MergeCursor cursor(store);
  std::uint64_t rows_read = 0;
  while (rows_read < rows.rows.size() / 2 && cursor.next(batch, origins, 10'000)) rows_read += batch.rows();
  EXPECT_LT(space_bytes(descriptor), bytes_before * 3 / 4);
  EXPECT_GT(space_bytes(descriptor), bytes_before * 2 / 5);
  while (cursor.next(batch, origins, 10'000)) rows_read += batch.rows();
  EXPECT_EQ(rows_read, rows.rows.size());
  EXPECT_LT(space_bytes(descriptor), bytes_before / 100);
}

TEST_F(MergeCursorTest, TakesTheMemoryThatTheStoreSaysAndNoMore) {
  const SpillRows rows = random_rows(40'000, 9);
  SpillStore store(folder_.path(), spill_layout(), {600 * kKiB, kMiB});
  RunBuilder builder(store);
  rows.add_all(builder);
  std::atomic<std::uint64_t> rows_merged = 0;
  store.merge_down(StopSignal(), rows_merged);
  EXPECT_LE(store.cursor_bytes(), kMiB);
  const std::size_t before = heap_in_use();
  const MergeCursor cursor(store);
  const std::size_t taken = heap_in_use() - before;
  EXPECT_LE(taken, store.cursor_bytes() + kMallocsOwnBytes);
  EXPECT_GE(taken, store.cursor_bytes() * 8 / 10);
}

}  // namespace
}  // namespace chatload::spill
