#include "deflate/member_compressor.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>

#include "unit/inflate/gzip_text.h"

namespace chatload::deflate {
namespace {

using inflate::little_endian;
using inflate::sample_lines;

constexpr Framing kAll[] = {Framing::kMigz, Framing::kBgzf, Framing::kPlain};

std::string member(Framing framing, int level, std::string_view text) {
  std::string out = "in front";
  MemberCompressor(framing, level).append(text, out);
  EXPECT_TRUE(out.starts_with("in front"));
  return out.substr(8);
}

// Of one member, by zlib.
std::string inflated(const std::string& gzip) {
  const inflate::ReadResult read = inflate::read_string(gzip, inflate::Inflater::kZlib);
  EXPECT_EQ(read.error, "");
  return read.bytes;
}

std::string random_bytes(std::size_t size) {
  std::mt19937 random(1);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

TEST(MemberCompressor, EveryFramingAndLevelIsReadBackByZlib) {
  const std::string text = sample_lines(400);
  for (const Framing framing : kAll) {
    for (int level = levels_of(framing).min; level <= levels_of(framing).max; ++level) {
      EXPECT_EQ(inflated(member(framing, level, text)), text) << level;
    }
  }
}

TEST(MemberCompressor, HigherLevelsMakeSmallerMembers) {
  const std::string text = sample_lines(5'000);
  const auto size = [&](int level) { return member(Framing::kMigz, level, text).size(); };
  EXPECT_LT(size(6), size(1));
  EXPECT_LT(size(12), size(6));
}

TEST(MemberCompressor, WhatDoesNotCompressIsHardlyLonger) {
  for (const Framing framing : kAll) {
    for (const int level : {1, 2, 6, 12}) {
      const std::string text = random_bytes(MemberCompressor::block_bytes_max(Framing::kBgzf));
      const std::string out = member(framing, level, text);
      EXPECT_LE(out.size(), text.size() + 64);
      EXPECT_EQ(inflated(out), text);
    }
  }
}

TEST(MemberCompressor, EmptyBlockIsAnEmptyMember) {
  for (const Framing framing : kAll) {
    for (const int level : {1, 6, 12}) EXPECT_EQ(inflated(member(framing, level, "")), "");
  }
}

TEST(MemberCompressor, MigzAnnouncesTheBytesOfItsData) {
  const std::string out = member(Framing::kMigz, 6, "text");
  EXPECT_EQ(out.substr(0, 4), "\x1f\x8b\x08\x04");
  EXPECT_EQ(out.substr(10, 6), std::string("\x08\0MZ\x04\0", 6));
  EXPECT_EQ(out.substr(16, 4), little_endian(static_cast<std::uint32_t>(out.size() - 20 - 8)));
}

TEST(MemberCompressor, BgzfAnnouncesTheBytesOfTheMemberLessOne) {
  const std::string out = member(Framing::kBgzf, 6, "text");
  EXPECT_EQ(out.substr(0, 4), "\x1f\x8b\x08\x04");
  EXPECT_EQ(out.substr(10, 6), std::string("\x06\0BC\x02\0", 6));
  EXPECT_EQ(out.substr(16, 2), little_endian(static_cast<std::uint32_t>(out.size() - 1), 2));
}

TEST(MemberCompressor, PlainHasNoExtraField) { EXPECT_EQ(member(Framing::kPlain, 6, "text")[3], '\0'); }

TEST(MemberCompressor, BgzfAloneHasAnEndMarkWhichIsAMemberOfItsOwn) {
  EXPECT_EQ(end_mark(Framing::kMigz), "");
  EXPECT_EQ(end_mark(Framing::kPlain), "");
  const std::string mark(end_mark(Framing::kBgzf));
  EXPECT_EQ(mark.size(), 28U);
  EXPECT_EQ(mark.substr(16, 2), little_endian(27, 2));
  EXPECT_EQ(inflated(mark), "");
}

}  // namespace
}  // namespace chatload::deflate
