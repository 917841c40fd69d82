// What an index makes of a gzip is compared with what a GzipReader alone makes of it.
#include "inflate/indexed_gzip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "base/errors.h"
#include "inflate/index_maker.h"
#include "inflate/index_sum.h"
#include "source/held_file.h"
#include "unit/inflate/gzip_text.h"
#include "unit/scratch_folder.h"

namespace chatload::inflate {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

namespace fs = std::filesystem;

constexpr PointSpacing kEachBlock{.compressed_bytes = 1, .decompressed_bytes = 1};

class IndexedGzipTest : public testing::Test {
 protected:
  void write_gzip(std::string_view bytes) { std::ofstream(gzip_path_, std::ios::binary) << bytes; }
  void use(const std::string& gzip, PointSpacing spacing = kEachBlock) {
    write_gzip(gzip);
    make_index(
        *held(), index_path_, [] { return false; }, spacing);
    fs::copy_file(index_path_, made_by_us_, fs::copy_options::overwrite_existing);
  }
  [[nodiscard]] std::shared_ptr<const source::HeldFile> held() const {
    return std::make_shared<const source::HeldFile>(gzip_path_.string());
  }
  // The same points as indexed_gzip writes them; from a byte of each window on, 20 are zero, and more bits of a byte
  // are said to be a block's.
  void write_index_of_indexed_gzip(std::string_view text, std::size_t zeros_from = kWindowBytes,
                                   unsigned more_bits = 0) {
    const auto points = SeekIndex::open(made_by_us_, *held())->table().points;
    std::string index("GZIDX\1\0", 7);
    index += little_endian(fs::file_size(gzip_path_), 8) + little_endian(text.size(), 8) + little_endian(1 << 20, 4) +
             little_endian(kWindowBytes, 4) + little_endian(points.size(), 4);
    std::string windows;
    for (const SeekPoint& point : points) {
      const bool has_window = point.decompressed >= kWindowBytes;
      index += little_endian(point.compressed, 8) + little_endian(point.decompressed, 8);
      index += static_cast<char>(point.decompressed == 0 ? 0 : (point.bits + more_bits) % 8);
      index += static_cast<char>(has_window);
      if (!has_window) continue;
      std::string window(text.substr(point.decompressed - kWindowBytes, kWindowBytes));
      for (std::size_t i = zeros_from; i < std::min(kWindowBytes, zeros_from + 20); ++i) window[i] = '\0';
      windows += window;
    }
    forget_sum();
    std::ofstream(index_path_, std::ios::binary) << index << windows;
  }
  static std::string little_endian(std::uint64_t value, unsigned bytes) {
    std::string text;
    for (unsigned i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
    return text;
  }
  // As an index of another tool.
  void forget_sum() {
    if (fs::exists(sum_path(index_path_))) fs::rename(sum_path(index_path_), folder_ / "kept");
  }
  void keep_sum() {
    if (fs::exists(folder_ / "kept")) fs::rename(folder_ / "kept", sum_path(index_path_));
  }
  [[nodiscard]] std::shared_ptr<const IndexedGzip> find() const { return IndexedGzip::find(held(), index_path_); }

  // From the offset on, by so many threads.
  [[nodiscard]] ReadResult read(std::uint64_t offset, unsigned threads, Inflater inflater = Inflater::kIsal) const {
    const auto gzip = find();
    try {
      const std::uint64_t begin = gzip->compressed_before(offset);
      const auto stream =
          open_indexed(gzip, held()->open_at(begin, -1), begin, offset, inflater, {threads, threads * kAheadBytesMin});
      ReadResult result = read_to_end(*stream);
      if (result.error.empty()) {
        EXPECT_EQ(stream->compressed_bytes(), fs::file_size(gzip_path_));
      }
      return result;
    } catch (const CorruptInputError& error) {
      return {{}, error.what()};
    }
  }
  [[nodiscard]] ReadResult read_serially(Inflater inflater) const {
    return read_to_end(*open_decoded(held()->open(-1), inflater));
  }

  ScratchFolder folder_;
  fs::path gzip_path_ = folder_ / "log.json.gz";
  fs::path made_by_us_ = folder_ / "made-by-us.gzi";
  fs::path index_path_ = index_path(gzip_path_.string(), std::nullopt);
};

TEST_F(IndexedGzipTest, GivesTheSameBytesFromAnyOffsetOnWithAnyNumberOfThreads) {
  const std::string text = sample_lines(4000);
  const std::string half = text.substr(0, text.size() / 2);
  std::string tiny;
  for (const char c : text.substr(0, 500)) tiny += compress(std::string(1, c));
  const std::string empty = compress("");
  const std::pair<std::string, std::string> kinds[] = {
      {compress(text), text},
      {compress(text, 1), text},
      {compress(text, 0), text},
      {compress(text, 6, kGzipWindowBits, Z_FIXED), text},
      {compress(text, 6, kGzipWindowBits, Z_DEFAULT_STRATEGY, 1), text},
      {compress(half, 6, kGzipWindowBits, Z_DEFAULT_STRATEGY, 1) + empty + compress(text, 9) + empty, half + text},
      {tiny, text.substr(0, 500)},
      {compress(text) + std::string(1000, '\0'), text}};
  std::mt19937 random(1);
  for (std::size_t kind = 0; const auto& [gzip, expected] : kinds) {
    SCOPED_TRACE(kind++);
    use(gzip);
    std::vector<std::uint64_t> offsets = {0, 1, expected.size() - 1, expected.size()};
    const auto indexed = find();
    for (const SeekPoint& point : indexed->index().table().points) offsets.push_back(point.decompressed);
    while (offsets.size() > 12) offsets.erase(offsets.begin() + static_cast<std::ptrdiff_t>(random() % offsets.size()));
    for (const std::uint64_t offset : offsets) {
      for (const unsigned threads : {1U, 2U, 4U}) {
        const ReadResult result = read(offset, threads);
        ASSERT_THAT(result.error, IsEmpty()) << offset << ", " << threads << " threads";
        ASSERT_TRUE(result.bytes == expected.substr(offset)) << offset << ", " << threads << " threads";
      }
    }
    forget_sum();
    for (const unsigned threads : {1U, 2U, 4U}) {
      const ReadResult result = read(0, threads);
      ASSERT_THAT(result.error, IsEmpty()) << threads << " threads";
      ASSERT_TRUE(result.bytes == expected) << threads << " threads";
    }
  }
}

TEST_F(IndexedGzipTest, StretchesOfAnIndexWithoutASumProveThemselves) {
  const std::string text = sample_lines(4000);
  use(compress(text, 6, kGzipWindowBits, Z_DEFAULT_STRATEGY, 1) + compress(text));
  forget_sum();
  const auto gzip = find();
  ASSERT_GT(gzip->index().table().points.size(), 20U);
  testing::internal::CaptureStderr();
  const auto stream = open_indexed(gzip, held()->open(-1), 0, 0, Inflater::kIsal, {2, 2 * kAheadBytesMin});
  EXPECT_TRUE(stream->reads_ahead());
  EXPECT_TRUE(read_to_end(*stream).bytes == text + text);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), IsEmpty()) << "none of them was refused";
}

// Windows, offsets, bits, sizes: what is not found out by reading the table gives the gzip's text all the same.
TEST_F(IndexedGzipTest, IndexWithoutASumThatIsDamagedAnywhereGivesNoWrongByte) {
  std::mt19937 random(3);
  const std::string text = sample_lines(2000);
  use(compress(text, 6, kGzipWindowBits, Z_DEFAULT_STRATEGY, 1) + compress(text, 1) + compress("the end\n"),
      {.compressed_bytes = 8 * kKiB, .decompressed_bytes = 64 * kKiB});
  forget_sum();
  std::stringstream good;
  good << std::ifstream(index_path_, std::ios::binary).rdbuf();
  std::size_t refused = 0;
  for (int i = 0; i < 300; ++i) {
    std::string damaged = good.str();
    const std::size_t at = random() % damaged.size();
    damaged[at] = static_cast<char>(damaged[at] ^ 1 << random() % 8);
    std::ofstream(index_path_, std::ios::binary) << damaged;
    try {
      const ReadResult result = read(0, 2);
      ASSERT_THAT(result.error, IsEmpty()) << at;
      ASSERT_TRUE(result.bytes == text + text + "the end\n") << at;
    } catch (const SeekIndexError&) {
      ++refused;
    }
  }
  EXPECT_LT(refused, 150U) << "most of an index are windows";
}

// indexed_gzip stores windows as they are; codes that are fixed find their way again behind a wrong begin.
TEST_F(IndexedGzipTest, WindowsAndBitsThatAreWrongWithoutASumGiveNoWrongByte) {
  const std::string text = sample_lines(4000);
  for (const int strategy : {Z_DEFAULT_STRATEGY, Z_FIXED}) {
    use(compress(text, 6, kGzipWindowBits, strategy, 1),
        {.compressed_bytes = 8 * kKiB, .decompressed_bytes = 64 * kKiB});
    write_index_of_indexed_gzip(text);
    EXPECT_TRUE(read(0, 2).bytes == text);
    for (std::size_t in_window = 0; in_window < kWindowBytes; in_window += 512) {
      write_index_of_indexed_gzip(text, in_window);
      const ReadResult result = read(0, 2);
      ASSERT_THAT(result.error, IsEmpty());
      ASSERT_TRUE(result.bytes == text) << in_window;
    }
    for (unsigned more_bits = 1; more_bits < 8; ++more_bits) {
      write_index_of_indexed_gzip(text, kWindowBytes, more_bits);
      try {
        const ReadResult result = read(0, 2);
        ASSERT_THAT(result.error, IsEmpty());
        ASSERT_TRUE(result.bytes == text) << more_bits;
      } catch (const SeekIndexError& error) {
        EXPECT_THAT(error.what(), HasSubstr("again with --restart"));
      }
    }
  }
}

TEST_F(IndexedGzipTest, IndexOfAnotherGzipWithoutASumGivesNoWrongByte) {
  const std::string text = sample_lines(4000);
  std::string other = text;
  std::swap(other[text.size() / 2], other[text.size() / 2 + 1]);
  use(compress(other, 6, kGzipWindowBits, Z_DEFAULT_STRATEGY, 1));
  forget_sum();
  write_gzip(compress(text, 6, kGzipWindowBits, Z_DEFAULT_STRATEGY, 1));
  const ReadResult result = read(0, 3);
  EXPECT_THAT(result.error, IsEmpty());
  EXPECT_TRUE(result.bytes == text);
}

TEST_F(IndexedGzipTest, DamageBehindTheIndexsBackIsWhatASerialReaderSaysOfIt) {
  std::mt19937 random(2);
  // Much gzip of little text.
  std::string text = sample_lines(200);
  while (text.size() < 140'000) text += random() % 64 == 0 ? '\n' : static_cast<char>('0' + random() % 64);
  const std::string gzip = compress(text, 6, kGzipWindowBits, Z_DEFAULT_STRATEGY, 2) + compress(text, 1);
  use(gzip, {.compressed_bytes = 8 * kKiB, .decompressed_bytes = 32 * kKiB});
  // The index knows its gzip by size, head and tail.
  constexpr std::size_t kKnownBytes = 64 * kKiB;
  ASSERT_GT(gzip.size(), 3 * kKnownBytes);
  for (int i = 0; i < 100; ++i) {
    std::string damaged = gzip;
    const std::size_t at = kKnownBytes + random() % (gzip.size() - 2 * kKnownBytes);
    damaged[at] = static_cast<char>(damaged[at] ^ 1 << random() % 8);
    write_gzip(damaged);
    for (const Inflater inflater : {Inflater::kIsal, Inflater::kZlib}) {
      const ReadResult expected = read_serially(inflater);
      ASSERT_FALSE(expected.error.empty());
      for (const auto& [has_sum, threads] : {std::pair(true, 1U), {true, 3U}, {false, 3U}}) {
        has_sum ? keep_sum() : forget_sum();
        const ReadResult result = read(0, threads, inflater);
        ASSERT_EQ(result.error, expected.error) << at;
        // How much ISA-L gives in front of invalid data depends on how its input is cut.
        if (inflater == Inflater::kZlib) {
          ASSERT_TRUE(result.bytes == expected.bytes) << at;
        }
      }
    }
    keep_sum();
    const std::uint64_t offset = random() % text.size();
    if (find()->compressed_before(offset) > at) continue;
    ASSERT_FALSE(read(offset, 2).error.empty()) << at << " from " << offset;
  }
}

TEST_F(IndexedGzipTest, ThatIsCutShortIsAnotherGzip) {
  const std::string gzip = compress(sample_lines(6000));
  use(gzip);
  write_gzip(std::string_view(gzip).substr(0, gzip.size() - 1));
  EXPECT_THAT([this] { static_cast<void>(find()); },
              ThrowsMessage<SeekIndexError>(HasSubstr("make it again with `chatload index`")));
}

TEST_F(IndexedGzipTest, IsNoneWithoutAnIndexOrWithBgzips) {
  write_gzip(compress("a line\n"));
  EXPECT_EQ(find(), nullptr);
  use(compress(sample_lines(1000)));
  EXPECT_TRUE(find()->has_sum());
  fs::remove(sum_path(index_path_));
  EXPECT_FALSE(find()->has_sum());
  std::ofstream(index_path_, std::ios::binary) << std::string(8, '\0');
  EXPECT_EQ(find(), nullptr);
}

TEST_F(IndexedGzipTest, WindowThatIsNotWhatItWasGivesNoByteAndIsNotNeededFromTheBeginningOn) {
  const std::string text = sample_lines(4000);
  use(compress(text, 6, kGzipWindowBits, Z_DEFAULT_STRATEGY, 1));
  const SeekPoint point = find()->index().table().points.at(2);
  std::fstream index(index_path_, std::ios::binary | std::ios::in | std::ios::out);
  index.seekp(static_cast<std::streamoff>(point.window_at + 10)).put('\x55').put('\xaa').flush();
  for (const unsigned threads : {1U, 2U}) {
    EXPECT_TRUE(read(0, threads).bytes == text);
    EXPECT_THAT([&] { static_cast<void>(read(point.decompressed, threads)); },
                ThrowsMessage<SeekIndexError>(HasSubstr("fails its checksum")));
  }
}

// A sum of another making, for which nothing but its own checksum speaks.
TEST_F(IndexedGzipTest, PlaceThatIsWrongGivesNoWrongByte) {
  const std::string text = sample_lines(4000);
  use(compress(text, 6, kGzipWindowBits, Z_DEFAULT_STRATEGY, 1));
  auto sum = read_index_sum(index_path_, find()->index().table().points.size()).value();
  sum.points[2].place.crc ^= 1;
  write_index_sum(index_path_, sum);
  const ReadResult from_the_beginning = read(0, 2);
  EXPECT_TRUE(from_the_beginning.bytes == text);
  EXPECT_THAT(from_the_beginning.error, IsEmpty());
  const std::uint64_t offset = find()->index().table().points[2].decompressed;
  EXPECT_THAT(read(offset, 1).error, HasSubstr("the CRC-32 of its data is"));
}

}  // namespace
}  // namespace chatload::inflate
