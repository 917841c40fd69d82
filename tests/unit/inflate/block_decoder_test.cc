// Decoding that begins at a block in the middle, with each inflater.
#include "inflate/block_decoder.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "unit/inflate/gzip_text.h"

namespace chatload::inflate {
namespace {

struct Block {
  std::size_t compressed = 0;
  std::size_t decompressed = 0;
  unsigned bits = 0;
  std::string window;
};

// Where blocks begin in raw, but for the first, as the block decoder finds them with such steps.
std::vector<Block> blocks_of(std::string_view raw, std::size_t in_bytes, std::size_t out_bytes) {
  const auto decoder = make_block_decoder();
  decoder->reset();
  std::vector<Block> blocks;
  std::string out(out_bytes, '\0');
  std::size_t taken = 0;
  std::size_t made = 0;
  DecodeStep step;
  while (step.status == DecodeStatus::kMore || step.status == DecodeStatus::kBlock) {
    step = decoder->decode(raw.substr(taken, in_bytes), out);
    taken += step.consumed;
    made += step.produced;
    if (step.status == DecodeStatus::kBlock) blocks.push_back({taken, made, step.bits, decoder->window()});
  }
  EXPECT_EQ(step.status, DecodeStatus::kEnd);
  EXPECT_EQ(taken, raw.size());
  return blocks;
}

// What decodes from the block on; decoding fails the test unless it ends at the end of raw.
std::string rest_from(DeflateDecoder& decoder, std::string_view raw, const Block& block, std::size_t in_bytes,
                      std::size_t out_bytes) {
  const char before = block.compressed > 0 ? raw[block.compressed - 1] : '\0';
  decoder.reset({.window = block.window, .bits = block.bits, .byte_before = static_cast<std::uint8_t>(before)});
  std::string rest;
  std::string out(out_bytes, '\0');
  std::size_t taken = block.compressed;
  DecodeStep step;
  for (std::size_t idle = 0; step.status == DecodeStatus::kMore && idle < 3;) {
    step = decoder.decode(raw.substr(taken, in_bytes), out);
    taken += step.consumed;
    rest.append(out, 0, step.produced);
    idle = step.consumed + step.produced > 0 ? 0 : idle + 1;
  }
  EXPECT_EQ(step.status, DecodeStatus::kEnd);
  EXPECT_EQ(taken - step.unread, raw.size());
  return rest;
}

std::string compress_raw(const std::string& text, int level, int strategy = Z_DEFAULT_STRATEGY, int memory_level = 8) {
  return compress(text, level, kRawWindowBits, strategy, memory_level);
}

class BlockBeginTest : public testing::TestWithParam<Inflater> {
 protected:
  const std::unique_ptr<DeflateDecoder> decoder_ = make_deflate_decoder(GetParam());
};

INSTANTIATE_TEST_SUITE_P(Inflaters, BlockBeginTest, testing::Values(Inflater::kIsal, Inflater::kZlib),
                         [](const auto& test) { return test.param == Inflater::kIsal ? "Isal" : "Zlib"; });

TEST_P(BlockBeginTest, TheRestDecodesFromEveryBlockOfEveryLevelAndStrategy) {
  const std::string text = sample_lines(600);
  std::map<unsigned, std::size_t> seen_bits;
  for (int level = 0; level <= 9; ++level) {
    for (const int strategy : {Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED}) {
      for (const int memory_level : {1, 8}) {
        const std::string raw = compress_raw(text, level, strategy, memory_level);
        const std::vector<Block> blocks = blocks_of(raw, raw.size(), text.size() + 1);
        for (std::size_t i = 0; i < blocks.size(); i += 1 + blocks.size() / 8) {
          const Block& block = blocks[i];
          ++seen_bits[block.bits];
          ASSERT_EQ(block.window, text.substr(0, block.decompressed).substr(block.decompressed - block.window.size()));
          ASSERT_EQ(block.window.size(), std::min(block.decompressed, kWindowBytes));
          ASSERT_TRUE(rest_from(*decoder_, raw, block, 1 << 20, 1 << 17) == text.substr(block.decompressed))
              << level << ' ' << strategy << ' ' << memory_level << ' ' << i;
        }
      }
    }
  }
  EXPECT_EQ(seen_bits.size(), 8U);  // 0 to 7
}

TEST_P(BlockBeginTest, TinyStepsChangeNothing) {
  const std::string text = sample_lines(60);
  for (const auto& [level, strategy] : {std::pair(0, Z_DEFAULT_STRATEGY), std::pair(1, Z_DEFAULT_STRATEGY),
                                        std::pair(6, Z_FIXED), std::pair(6, Z_HUFFMAN_ONLY), std::pair(9, Z_RLE)}) {
    const std::string raw = compress_raw(text, level, strategy, 1);
    for (const Block& block : blocks_of(raw, raw.size(), text.size() + 1)) {
      for (const std::size_t in_bytes : {1U, 2U, 4000U}) {
        for (const std::size_t out_bytes : {1U, 3U, 258U, 40000U}) {
          ASSERT_TRUE(rest_from(*decoder_, raw, block, in_bytes, out_bytes) == text.substr(block.decompressed))
              << level << ' ' << strategy << ' ' << block.compressed << ' ' << in_bytes << ' ' << out_bytes;
        }
      }
    }
  }
}

TEST_P(BlockBeginTest, StoredFixedAndDynamicBlocksMayFollowOneAnother) {
  const std::string text = sample_lines(400);
  const std::string raw = [&] {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 0, Z_DEFLATED, kRawWindowBits, 1, Z_DEFAULT_STRATEGY), Z_OK);
    std::string compressed(text.size() * 2, '\0');
    stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
    stream.avail_out = static_cast<uInt>(compressed.size());
    const std::array kKinds = {std::pair(0, Z_DEFAULT_STRATEGY), std::pair(6, Z_FIXED), std::pair(6, Z_HUFFMAN_ONLY)};
    std::string copy = text;
    for (std::size_t at = 0, piece = 0; at < text.size(); at += 997, ++piece) {
      const auto& [level, strategy] = kKinds.at(piece % kKinds.size());
      deflateParams(&stream, level, strategy);
      stream.next_in = reinterpret_cast<Bytef*>(copy.data()) + at;
      stream.avail_in = static_cast<uInt>(std::min<std::size_t>(997, text.size() - at));
      ::deflate(&stream, at + 997 < text.size() ? Z_BLOCK : Z_FINISH);
    }
    compressed.resize(compressed.size() - stream.avail_out);
    deflateEnd(&stream);
    return compressed;
  }();
  const std::vector<Block> blocks = blocks_of(raw, raw.size(), text.size() + 1);
  ASSERT_GT(blocks.size(), 20U);
  for (const Block& block : blocks) {
    ASSERT_TRUE(rest_from(*decoder_, raw, block, 5, 100) == text.substr(block.decompressed)) << block.compressed;
  }
}

TEST_P(BlockBeginTest, ALongerWindowCountsByItsEnd) {
  const std::string text = sample_lines(1500);
  const std::string raw = compress_raw(text, 6, Z_DEFAULT_STRATEGY, 4);
  const std::vector<Block> blocks = blocks_of(raw, raw.size(), text.size() + 1);
  ASSERT_GT(blocks.size(), 2U);
  for (Block block : blocks) {
    block.window.insert(0, std::string(100'000, 'x'));
    EXPECT_TRUE(rest_from(*decoder_, raw, block, 1 << 20, 1 << 17) == text.substr(block.decompressed));
  }
}

TEST_P(BlockBeginTest, WhatTheWindowLacksIsAFault) {
  const std::string text = sample_lines(1500);
  const std::string raw = compress_raw(text, 6, Z_DEFAULT_STRATEGY, 4);
  const Block block = blocks_of(raw, raw.size(), text.size() + 1).at(3);
  std::string out(text.size(), '\0');
  for (const std::size_t window_bytes : {0U, 1U, 100U}) {
    decoder_->reset({.window = std::string_view(block.window).substr(block.window.size() - window_bytes),
                     .bits = block.bits,
                     .byte_before = static_cast<std::uint8_t>(raw[block.compressed - 1])});
    EXPECT_EQ(decoder_->decode(std::string_view(raw).substr(block.compressed), out).status, DecodeStatus::kInvalid);
  }
}

TEST_P(BlockBeginTest, ResetForgetsTheWindow) {
  const std::string text = sample_lines(300);
  const std::string raw = compress_raw(text, 6, Z_DEFAULT_STRATEGY, 1);
  static_cast<void>(rest_from(*decoder_, raw, blocks_of(raw, raw.size(), text.size() + 1).at(1), 1 << 20, 100));
  decoder_->reset();
  std::string out(text.size() + 1, '\0');
  const DecodeStep step = decoder_->decode(raw, out);
  EXPECT_EQ(step.status, DecodeStatus::kEnd);
  EXPECT_EQ(out.substr(0, step.produced), text);
}

TEST(BlockDecoder, StepsDoNotMoveTheBlocks) {
  const std::string text = sample_lines(60);
  const std::string raw = compress_raw(text, 6, Z_DEFAULT_STRATEGY, 1);
  const std::vector<Block> whole = blocks_of(raw, raw.size(), text.size() + 1);
  ASSERT_GT(whole.size(), 3U);
  for (const std::size_t in_bytes : {1U, 2U, 100U}) {
    for (const std::size_t out_bytes : {1U, 2U, 100U}) {
      const std::vector<Block> blocks = blocks_of(raw, in_bytes, out_bytes);
      ASSERT_EQ(blocks.size(), whole.size()) << in_bytes << ' ' << out_bytes;
      for (std::size_t i = 0; i < whole.size(); ++i) {
        EXPECT_EQ(blocks[i].compressed, whole[i].compressed);
        EXPECT_EQ(blocks[i].decompressed, whole[i].decompressed);
        EXPECT_EQ(blocks[i].bits, whole[i].bits);
        EXPECT_EQ(blocks[i].window, whole[i].window);
      }
    }
  }
}

}  // namespace
}  // namespace chatload::inflate
