#include "inflate/deflate_decoder.h"

#include <gtest/gtest.h>

#include "unit/inflate/gzip_text.h"

namespace chatload::inflate {
namespace {

class DeflateDecoderTest : public testing::TestWithParam<Inflater> {
 protected:
  const std::unique_ptr<DeflateDecoder> decoder_ = make_deflate_decoder(GetParam());
};

INSTANTIATE_TEST_SUITE_P(Inflaters, DeflateDecoderTest, testing::Values(Inflater::kIsal, Inflater::kZlib),
                         [](const auto& test) { return test.param == Inflater::kIsal ? "Isal" : "Zlib"; });

TEST_P(DeflateDecoderTest, TheEndIsFoundToTheByte) {
  const std::string raw = compress("some text\n", 6, kRawWindowBits);
  const std::string input = raw + "behind the stream";
  for (std::size_t piece = 1; piece <= input.size(); ++piece) {
    decoder_->reset();
    std::string out(100, '\0');
    std::size_t taken = 0;
    std::size_t made = 0;
    DecodeStep step;
    while (step.status == DecodeStatus::kMore && taken < input.size()) {
      step = decoder_->decode(std::string_view(input).substr(taken, piece), std::span(out).subspan(made));
      taken += step.consumed;
      made += step.produced;
    }
    EXPECT_EQ(step.status, DecodeStatus::kEnd);
    EXPECT_EQ(taken - step.unread, raw.size()) << piece;
    EXPECT_EQ(out.substr(0, made), "some text\n");
  }
}

TEST_P(DeflateDecoderTest, WhatWasTakenComesOutWithoutMoreInput) {
  const std::string text(5000, 'x');
  const std::string raw = compress(text, 6, kRawWindowBits);
  std::string out;
  std::string_view in = raw;
  DecodeStep step;
  for (int steps = 0; step.status == DecodeStatus::kMore && steps < 6000; ++steps) {
    char byte = 0;
    step = decoder_->decode(in, {&byte, 1});
    in.remove_prefix(step.consumed);
    out.append(&byte, step.produced);
  }
  EXPECT_EQ(step.status, DecodeStatus::kEnd);
  EXPECT_EQ(out, text);
}

TEST_P(DeflateDecoderTest, AWholeStreamComesOutAtOnceAndItsEndIsFoundToTheByte) {
  for (const std::size_t size : {0U, 1U, 70'000U, 1'000'000U}) {
    const std::string text = sample_lines(8'000).substr(0, size);
    for (const int level : {0, 1, 9}) {
      const std::string raw = compress(text, level, kRawWindowBits);
      for (const std::string behind : {"", "8 bytes.", "more than eight bytes"}) {
        std::string out(size + 1, '\0');
        const DecodeStep step = decoder_->decode_whole(raw + behind, out);
        ASSERT_EQ(step.status, DecodeStatus::kEnd) << size << ' ' << level;
        EXPECT_EQ(step.consumed - step.unread, raw.size()) << size << ' ' << level;
        EXPECT_EQ(step.produced, size);
        EXPECT_TRUE(out.substr(0, size) == text);
      }
    }
  }
}

TEST_P(DeflateDecoderTest, AStreamThatIsCutOrDoesNotFitIsNotWhole) {
  const std::string text = sample_lines(1000);
  const std::string raw = compress(text, 6, kRawWindowBits);
  std::string out(text.size() + 1, '\0');
  EXPECT_EQ(decoder_->decode_whole(std::string_view(raw).substr(0, raw.size() - 1), out).status,
            DecodeStatus::kInvalid);
  EXPECT_EQ(decoder_->decode_whole(raw, std::span(out).first(text.size() - 1)).status, DecodeStatus::kInvalid);
  EXPECT_EQ(decoder_->decode_whole(std::string(8, '\xff'), out).status, DecodeStatus::kInvalid);
  EXPECT_EQ(decoder_->decode_whole(raw, out).status, DecodeStatus::kEnd);
}

TEST_P(DeflateDecoderTest, ResetForgetsAFault) {
  std::string out(100, '\0');
  EXPECT_EQ(decoder_->decode(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff"), out).status, DecodeStatus::kInvalid);
  decoder_->reset();
  const DecodeStep step = decoder_->decode(compress("well\n", 6, kRawWindowBits), out);
  EXPECT_EQ(step.status, DecodeStatus::kEnd);
  EXPECT_EQ(out.substr(0, step.produced), "well\n");
}

// A block of dynamic codes whose only symbol, the end of the block, has a code of two bits where one would do.
std::string block_with_incomplete_code() {
  std::string bytes;
  unsigned count = 0;
  const auto put = [&](unsigned value, unsigned bits) {  // least significant bit first, RFC 1951 §3.1.1
    for (unsigned i = 0; i < bits; ++i, ++count) {
      if (count % 8 == 0) bytes += '\0';
      bytes.back() = static_cast<char>(static_cast<unsigned char>(bytes.back()) | (value >> i & 1) << count % 8);
    }
  };
  put(0b101, 3);                     // final, dynamic
  put(0, 5), put(0, 5), put(12, 4);  // 257 literal codes, 1 distance code, 16 code length codes
  put(0, 6), put(1, 3), put(2, 3);   // lengths of the codes for 16, 17; 18; 0
  put(0, 30), put(0, 3), put(2, 3);  // ... for 8 to 13; 2
  put(0, 1), put(138 - 11, 7);       // 138 zeros
  put(0, 1), put(118 - 11, 7);       // 118 zeros
  put(0b11, 2), put(0b01, 2);        // length 2 for the end of the block, 0 for the distance
  put(0b00, 2);                      // the end of the block
  return bytes;
}

TEST_P(DeflateDecoderTest, OnlyZlibRefusesACodeThatIsIncompleteButServes) {
  char byte = 0;
  const DecodeStep step = decoder_->decode(block_with_incomplete_code(), {&byte, 1});
  EXPECT_EQ(step.produced, 0U);
  EXPECT_EQ(step.status, GetParam() == Inflater::kIsal ? DecodeStatus::kEnd : DecodeStatus::kInvalid);
}

TEST_P(DeflateDecoderTest, Crc32IsThatOfRfc1952InOnePieceOrSeveral) {
  EXPECT_EQ(decoder_->crc32(0, std::string_view("")), 0U);
  EXPECT_EQ(decoder_->crc32(0, std::string_view("123456789")), 0xcbf43926U);
  EXPECT_EQ(decoder_->crc32(decoder_->crc32(0, std::string_view("1234")), std::string_view("56789")), 0xcbf43926U);
}

}  // namespace
}  // namespace chatload::inflate
