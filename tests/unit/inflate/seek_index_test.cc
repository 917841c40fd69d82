#include "inflate/seek_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
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
using testing::ThrowsMessage;

namespace fs = std::filesystem;

constexpr std::size_t kGztoolHeaderBytes = 36;
constexpr PointSpacing kDense{.compressed_bytes = 1000, .decompressed_bytes = 64 * kKiB};
const auto kNeverStopped = [] { return false; };

std::string big_endian(std::uint64_t value, unsigned bytes) {
  std::string text;
  for (unsigned i = bytes; i > 0; --i) text += static_cast<char>(value >> (8 * (i - 1)) & 0xff);
  return text;
}

void write(const fs::path& path, std::string_view bytes) { std::ofstream(path, std::ios::binary) << bytes; }

std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// What the members hold from the point on, as far as one goes.
std::string rest_of_member(const std::string& gzip, const SeekPoint& point, const std::string& window) {
  const auto decoder = make_isal_inflater();
  decoder->reset({.window = window,
                  .bits = point.bits,
                  .byte_before = static_cast<std::uint8_t>(point.compressed > 0 ? gzip[point.compressed - 1] : 0)});
  std::string out(1 << 22, '\0');
  const DecodeStep step = decoder->decode(std::string_view(gzip).substr(point.compressed), out);
  EXPECT_EQ(step.status, DecodeStatus::kEnd);
  return out.substr(0, step.produced);
}

class SeekIndexTest : public testing::Test {
 protected:
  void use(const std::string& gzip) {
    gzip_ = gzip;
    write(gzip_path_, gzip);
  }
  MadeIndex make(PointSpacing spacing = kDense) { return make_index(held(), index_path_, kNeverStopped, spacing); }
  [[nodiscard]] source::HeldFile held() const { return source::HeldFile(gzip_path_.string()); }
  [[nodiscard]] SeekIndex open() const { return SeekIndex::open(index_path_, held()).value(); }
  // The sentence that open() ends with, or "opens".
  [[nodiscard]] std::string refusal() const {
    try {
      static_cast<void>(open());
    } catch (const SeekIndexError& error) {
      return error.what();
    }
    return "opens";
  }

  ScratchFolder folder_;
  fs::path gzip_path_ = folder_ / "log.json.gz";
  fs::path index_path_ = index_path(gzip_path_.string(), std::nullopt);
  std::string gzip_;
};

TEST_F(SeekIndexTest, StandsBesideItsGzipOrInAFolder) {
  EXPECT_EQ(index_path("a/b.json.gz", std::nullopt), "a/b.json.gz.gzi");
  EXPECT_EQ(index_path("a/b.json.gz", "of all"), "of all/b.json.gz.gzi");
}

TEST_F(SeekIndexTest, WithoutAFileThereIsNone) {
  use(compress("a line\n"));
  EXPECT_FALSE(SeekIndex::open(index_path_, held()).has_value());
}

TEST_F(SeekIndexTest, EveryPointLeadsToTheRestAndKnowsItsLine) {
  const std::string text = sample_lines(8000);
  for (const int memory_level : {1, 8}) {
    use(compress(text, 6, kGzipWindowBits, Z_DEFAULT_STRATEGY, memory_level));
    const MadeIndex made = make();
    EXPECT_EQ(made.compressed_bytes, gzip_.size());
    EXPECT_EQ(made.decompressed_bytes, text.size());
    EXPECT_EQ(made.lines, 8000U);
    EXPECT_EQ(made.index_bytes, fs::file_size(index_path_));
    const SeekIndex index = open();
    EXPECT_EQ(index.proof(), IndexProof::kSum);
    EXPECT_EQ(index.table().decompressed_bytes, text.size());
    EXPECT_EQ(index.table().lines, 8000U);
    ASSERT_EQ(index.table().points.size(), made.points);
    ASSERT_GT(made.points, 3U);
    for (std::size_t i = 0; i < made.points; ++i) {
      const SeekPoint& point = index.table().points[i];
      ASSERT_TRUE(rest_of_member(gzip_, point, index.window(i)) == text.substr(point.decompressed)) << i;
      const std::string_view before = std::string_view(text).substr(0, point.decompressed);
      EXPECT_EQ(point.line, 1U + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')));
    }
  }
}

TEST_F(SeekIndexTest, PointsAreAsFarApartAsAskedInEitherMeasure) {
  use(compress(sample_lines(8000), 6, kGzipWindowBits, Z_DEFAULT_STRATEGY, 1));
  make({.compressed_bytes = 10'000, .decompressed_bytes = kGiB});
  const SeekTable sparse = open().table();
  for (std::size_t i = 1; i < sparse.points.size(); ++i) {
    const std::uint64_t apart = sparse.points[i].compressed - sparse.points[i - 1].compressed;
    EXPECT_GE(apart, 10'000U);
    EXPECT_LT(apart, 12'000U);
  }
  use(compress(std::string(1 << 20, 'x'), 6, kGzipWindowBits, Z_RLE, 1));
  make({.compressed_bytes = kGiB, .decompressed_bytes = 100'000});
  EXPECT_GE(open().table().points.size(), 4U);
}

TEST_F(SeekIndexTest, AMembersFirstBlockNeedsNoWindow) {
  std::string text;
  std::string gzip;
  for (int member = 0; member < 40; ++member) {
    text += sample_lines(50);
    gzip += compress(sample_lines(50)) + compress("");
  }
  use(gzip + std::string(512, '\0'));
  make({.compressed_bytes = 1, .decompressed_bytes = kGiB});
  const SeekIndex index = open();
  ASSERT_EQ(index.table().points.size(), 79U);  // behind the last one there is nothing
  for (std::size_t i = 0; i < 79; ++i) {
    const SeekPoint& point = index.table().points[i];
    EXPECT_EQ(point.window_bytes, 0U);
    EXPECT_EQ(point.bits, 0U);
    EXPECT_EQ(rest_of_member(gzip_, point, index.window(i)), i % 2 == 0 ? sample_lines(50) : "");
  }
}

TEST_F(SeekIndexTest, ThePointBeforeAnOffsetIsTheLastThatIsNotBehindIt) {
  use(compress(sample_lines(3000), 6, kGzipWindowBits, Z_DEFAULT_STRATEGY, 1));
  make();
  const SeekIndex index = open();
  const auto& points = index.table().points;
  EXPECT_EQ(index.point_before(0), 0U);
  EXPECT_EQ(index.point_before(points[3].decompressed - 1), 2U);
  EXPECT_EQ(index.point_before(points[3].decompressed), 3U);
  EXPECT_EQ(index.point_before(UINT64_MAX), points.size() - 1);
}

TEST_F(SeekIndexTest, AnUnfinishedLastLineCountsAndNothingIsNoLine) {
  for (const auto& [text, lines] :
       {std::pair("", 0U), std::pair("a", 1U), std::pair("a\n", 1U), std::pair("a\nb", 2U)}) {
    use(compress(text));
    EXPECT_EQ(make().lines, lines);
    EXPECT_EQ(open().table().lines, lines);
    EXPECT_EQ(open().table().points.size(), 1U);
  }
}

TEST_F(SeekIndexTest, WhatCannotHaveAnIndexIsNamed) {
  use("{\"id\":1}\n");
  EXPECT_THAT([&] { make(); }, ThrowsMessage<CorruptInputError>(HasSubstr("is not gzip: the bytes 1f 8b are missing")));
  use(compress(sample_lines(3000)).substr(0, 20'000));
  EXPECT_THAT([&] { make(); }, ThrowsMessage<CorruptInputError>(HasSubstr("is truncated: it ends at compressed byte")));
  EXPECT_THAT([&] { make_index(source::HeldFile("/dev/null"), index_path_, kNeverStopped); },
              ThrowsMessage<SourceError>(HasSubstr("is no regular file, so it can be read once only")));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 1);  // the gzip alone
}

TEST_F(SeekIndexTest, AStopLeavesTheFormerIndex) {
  use(compress(std::string(5 << 20, 'x')));
  make();
  const std::string former = read(index_path_);
  EXPECT_THROW(make_index(held(), index_path_, [] { return true; }), Interrupted);
  EXPECT_EQ(read(index_path_), former);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 3);
}

TEST_F(SeekIndexTest, AGzipThatIsWrittenToMeanwhileGetsNoIndex) {
  use(compress(std::string(5 << 20, 'x')));
  const auto append = [&] {
    std::ofstream(gzip_path_, std::ios::app | std::ios::binary) << compress("more\n");
    return false;
  };
  EXPECT_THAT([&] { make_index(held(), index_path_, append); },
              ThrowsMessage<SourceError>(HasSubstr("was written to while its index was made")));
}

TEST_F(SeekIndexTest, TheSumSaysWhoseTheIndexIs) {
  use(compress(sample_lines(3000)));
  make();
  use(compress(sample_lines(3001)));
  EXPECT_THAT(refusal(), HasSubstr("is not the file that it was made of; make it again with `chatload index`"));
}

TEST_F(SeekIndexTest, WithoutASumNobodyVouchesForIt) {
  use(compress(sample_lines(3000)));
  make();
  fs::remove(sum_path(index_path_));
  EXPECT_EQ(open().proof(), IndexProof::kNone);
  use(compress("a short one\n"));
  EXPECT_THAT(refusal(), HasSubstr("it is of a gzip of another size"));
}

TEST_F(SeekIndexTest, EveryChangedByteOfAnIndexWithASumIsSeen) {
  use(compress(sample_lines(200), 6, kGzipWindowBits, Z_DEFAULT_STRATEGY, 1));
  make();
  const std::string good = read(index_path_);
  ASSERT_GT(open().table().points.size(), 2U);
  for (std::size_t i = 0; i < good.size(); i += i < 200 ? 1 : 13) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1 << i % 8);
    write(index_path_, bad);
    try {
      const SeekIndex index = open();
      for (std::size_t point = 0; point < index.table().points.size(); ++point) {
        static_cast<void>(index.window(point));
      }
      ADD_FAILURE() << "byte " << i;
    } catch (const SeekIndexError&) {
    }
  }
}

TEST_F(SeekIndexTest, EveryChangedByteOfASumAndEveryCutIsSeen) {
  use(compress(sample_lines(100), 6, kGzipWindowBits, Z_DEFAULT_STRATEGY, 1));
  make();
  const std::string good = read(sum_path(index_path_));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1 << i % 8);
    write(sum_path(index_path_), bad);
    EXPECT_NE(refusal(), "opens") << i;
    write(sum_path(index_path_), good.substr(0, i));
    EXPECT_NE(refusal(), "opens") << i;
  }
  write(sum_path(index_path_), good + "more");
  EXPECT_THAT(refusal(), HasSubstr("it is damaged, no sum of this index"));
}

TEST_F(SeekIndexTest, EveryCutIndexWithoutASumIsRefused) {
  use(compress(sample_lines(100), 6, kGzipWindowBits, Z_DEFAULT_STRATEGY, 1));
  make();
  fs::remove(sum_path(index_path_));
  const std::string good = read(index_path_);
  for (std::size_t size = 0; size < good.size(); size += size < 200 ? 1 : 13) {
    write(index_path_, good.substr(0, size));
    EXPECT_NE(refusal(), "opens") << size;
  }
  write(index_path_, good + "x");
  EXPECT_THAT(refusal(), HasSubstr("1 bytes follow its end"));
}

// An index of such points, each {decompressed, compressed, bits}, in lines of 1.
std::string gztool_index(std::vector<std::array<std::uint64_t, 3>> points, std::uint64_t size, std::uint64_t have,
                         std::uint64_t want) {
  std::string index = std::string(8, '\0') + "gzipindX" + big_endian(0, 4) + big_endian(have, 8) + big_endian(want, 8);
  for (const auto& [out, in, bits] : points) {
    index += big_endian(out, 8) + big_endian(in, 8) + big_endian(bits, 4) + big_endian(0, 4) + big_endian(1, 8);
  }
  return index + big_endian(size, 8) + big_endian(1, 8);
}

TEST_F(SeekIndexTest, WhatCannotBeIsRefusedWithoutASum) {
  use(compress(std::string(1000, 'x')) + std::string(1000, '\0'));
  const auto refusal_of = [&](const std::string& index) {
    write(index_path_, index);
    return refusal();
  };
  const std::array<std::uint64_t, 3> kFirst = {0, 10, 0};
  EXPECT_EQ(refusal_of(gztool_index({kFirst, {500, 15, 7}}, 1000, 2, 2)), "opens");
  EXPECT_THAT(refusal_of(gztool_index({kFirst, {500, 15, 8}}, 1000, 2, 2)), HasSubstr("more than 7 bits of a byte"));
  EXPECT_THAT(refusal_of(gztool_index({{500, 15, 0}}, 1000, 1, 1)), HasSubstr("point 1 is not the beginning"));
  EXPECT_THAT(refusal_of(gztool_index({kFirst, {1001, 15, 0}}, 1000, 2, 2)),
              HasSubstr("behind the end of the decompressed bytes"));
  EXPECT_THAT(refusal_of(gztool_index({kFirst, {500, UINT64_MAX, 0}}, 1000, 2, 2)),
              HasSubstr("point 2 is behind the end of the gzip"));
  EXPECT_THAT(refusal_of(gztool_index({kFirst, {500, 9999, 0}}, 1000, 2, 2)), HasSubstr("of a gzip of another size"));
  EXPECT_THAT(refusal_of(gztool_index({kFirst, {500, 20, 0}, {400, 30, 0}}, 1000, 3, 3)),
              HasSubstr("point 3 does not follow the one in front of it"));
  EXPECT_THAT(refusal_of(gztool_index({kFirst, {500, 20, 3}, {500, 20, 3}}, 1000, 3, 3)),
              HasSubstr("point 3 does not follow"));
  EXPECT_THAT(refusal_of(gztool_index({kFirst}, 1000, 1, 2)), HasSubstr("it is incomplete"));
  EXPECT_THAT(refusal_of(gztool_index({}, 1000, 0, 0)), HasSubstr("it is incomplete"));
  EXPECT_THAT(refusal_of(gztool_index({kFirst}, 1000, UINT64_MAX, UINT64_MAX)),
              HasSubstr("it says that it has 18446744073709551615 points, for which it is too short"));
  EXPECT_THAT(refusal_of("no index at all"), HasSubstr("begins neither as gztool's do nor as indexed_gzip's"));
  EXPECT_THAT(refusal_of(little_endian(1) + std::string(4 + 16, '\0')),
              HasSubstr("is bgzip's index, not a seek index"));
  EXPECT_THAT(refusal_of(std::string(8, '\0')), HasSubstr("is bgzip's index, not a seek index"));
}

// The index in indexed_gzip's format; its windows are 32 KiB, whatever there is. Version 0 cannot say that a point but
// the first has none.
std::string indexed_gzip_index(const SeekIndex& index, std::uint64_t gzip_bytes, char version) {
  const auto little = [](std::uint64_t value, unsigned bytes) {
    std::string text;
    for (unsigned i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
    return text;
  };
  const auto& points = index.table().points;
  std::string head = "GZIDX" + std::string(1, version) + '\0' + little(gzip_bytes, 8) +
                     little(index.table().decompressed_bytes, 8) + little(kMiB, 4) + little(kWindowBytes, 4) +
                     little(points.size(), 4);
  std::string windows;
  for (std::size_t i = 0; i < points.size(); ++i) {
    head += little(points[i].compressed, 8) + little(points[i].decompressed, 8) + little(points[i].bits, 1);
    if (version == 1) head += little(i > 0 ? 1 : 0, 1);
    const std::string window = index.window(i);
    if (i > 0) windows += std::string(kWindowBytes - window.size(), '\0') + window;
  }
  return head + windows;
}

TEST_F(SeekIndexTest, IndexedGzipsPointsLeadToTheRest) {
  const std::string text = sample_lines(3000);
  use(compress(text, 6, kGzipWindowBits, Z_DEFAULT_STRATEGY, 3));
  make({.compressed_bytes = 4000, .decompressed_bytes = kGiB});
  const SeekIndex ours = open();
  ASSERT_GT(ours.table().points.size(), 4U);
  fs::remove(index_path_);  // it stays open
  fs::remove(sum_path(index_path_));
  for (const char version : {'\0', '\1'}) {
    const std::string good = indexed_gzip_index(ours, gzip_.size(), version);
    write(index_path_, good);
    const SeekIndex index = open();
    EXPECT_EQ(index.table().format, IndexFormat::kIndexedGzip);
    EXPECT_EQ(index.table().version, static_cast<unsigned>(version));
    EXPECT_FALSE(index.table().lines.has_value());
    ASSERT_EQ(index.table().points.size(), ours.table().points.size());
    for (std::size_t i = 0; i < index.table().points.size(); ++i) {
      const SeekPoint& point = index.table().points[i];
      EXPECT_EQ(point.line, 0U);
      ASSERT_TRUE(rest_of_member(gzip_, point, index.window(i)) == text.substr(point.decompressed)) << i;
    }
    for (std::size_t size = 0; size < good.size(); size += size < 200 ? 1 : 4999) {
      write(index_path_, good.substr(0, size));
      EXPECT_NE(refusal(), "opens") << size;
    }
    write(index_path_, indexed_gzip_index(ours, gzip_.size() + 1, version));
    EXPECT_THAT(refusal(), HasSubstr("it is of a gzip of another size"));
  }
  std::string partial = indexed_gzip_index(ours, gzip_.size(), 1);
  partial.replace(15, 8, std::string(8, '\0'));  // the decompressed size, not known yet
  write(index_path_, partial);
  EXPECT_THAT(refusal(), HasSubstr("it is incomplete"));
}

TEST_F(SeekIndexTest, AWindowThatDoesNotInflateIsRefused) {
  use(compress(sample_lines(3000)));
  make();
  fs::remove(sum_path(index_path_));
  std::string index = read(index_path_);
  const SeekPoint point = open().table().points.at(1);
  index[point.window_at] = static_cast<char>(index[point.window_at] ^ 0x40);
  write(index_path_, index);
  EXPECT_THAT([&] { static_cast<void>(open().window(1)); },
              ThrowsMessage<SeekIndexError>(HasSubstr("the window of its point 2 is no zlib data of up to 32 KiB")));
}

TEST_F(SeekIndexTest, TheHeaderSaysHowManyPointsFollow) {
  use(compress(sample_lines(3000)));
  const MadeIndex made = make();
  EXPECT_EQ(
      read(index_path_).substr(0, kGztoolHeaderBytes),
      std::string(8, '\0') + "gzipindX" + big_endian(0, 4) + big_endian(made.points, 8) + big_endian(made.points, 8));
}

}  // namespace
}  // namespace chatload::inflate
