#include "inflate/piece_buffers.h"

#include <gtest/gtest.h>

#include <utility>

namespace chatload::inflate {
namespace {

constexpr std::size_t kStep = PieceBuffers::kStepBytes;

TEST(PieceBuffers, AreLentUpToTheBound) {
  PieceBuffers buffers(4 * kStep);
  PaddedBuffer three = buffers.lend(2 * kStep + 1);
  EXPECT_EQ(three.capacity(), 3 * kStep);
  EXPECT_EQ(buffers.lend(kStep + 1).capacity(), 0U);
  PaddedBuffer one = buffers.lend(1);
  EXPECT_EQ(one.capacity(), kStep);
  EXPECT_EQ(buffers.lend(1).capacity(), 0U);
}

TEST(PieceBuffers, AreLentAgain) {
  PieceBuffers buffers(2 * kStep);
  PaddedBuffer buffer = buffers.lend(kStep);
  const char* const bytes = buffer.free_space().data();
  buffer.advance(5);
  buffers.give_back(std::move(buffer));
  PaddedBuffer again = buffers.lend(kStep);
  EXPECT_EQ(again.free_space().data(), bytes);
  EXPECT_EQ(again.size(), 0U);
}

TEST(PieceBuffers, OfAnotherSizeMakeRoom) {
  PieceBuffers buffers(4 * kStep);
  PaddedBuffer first = buffers.lend(2 * kStep);
  PaddedBuffer second = buffers.lend(2 * kStep);
  buffers.give_back(std::move(first));
  EXPECT_EQ(buffers.lend(3 * kStep).capacity(), 0U);
  buffers.give_back(std::move(second));
  EXPECT_EQ(buffers.lend(3 * kStep).capacity(), 3 * kStep);
}

TEST(PieceBuffers, AreFreedWhereNobodyIsToHaveThemAgain) {
  PieceBuffers buffers(2 * kStep);
  PaddedBuffer lent = buffers.lend(kStep);
  buffers.give_back(buffers.lend(kStep));
  buffers.free_spares();
  EXPECT_EQ(buffers.lend(2 * kStep).capacity(), 0U) << "one is lent";
  buffers.give_back(std::move(lent));
  buffers.free_spares();
  EXPECT_EQ(buffers.lend(2 * kStep).capacity(), 2 * kStep);
}

TEST(PieceBuffers, FewBytesMoveIntoABufferThatFits) {
  PieceBuffers buffers(20 * kStep);
  PaddedBuffer large = buffers.lend(10 * kStep);
  large.assign("text");
  const PaddedBuffer fitting = buffers.fitted(std::move(large));
  EXPECT_EQ(fitting.capacity(), kStep);
  EXPECT_EQ(fitting.view().text(), "text");
  EXPECT_EQ(buffers.lend(19 * kStep).capacity(), 19 * kStep);
}

TEST(PieceBuffers, BytesStayWhereNoSmallerBufferIsToBeHad) {
  PieceBuffers buffers(10 * kStep);
  PaddedBuffer large = buffers.lend(10 * kStep);
  large.assign("text");
  const PaddedBuffer same = buffers.fitted(std::move(large));
  EXPECT_EQ(same.capacity(), 10 * kStep);
  EXPECT_EQ(same.view().text(), "text");
}

}  // namespace
}  // namespace chatload::inflate
