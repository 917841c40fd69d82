#include "base/file_io.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

namespace chatload {
namespace {

using ::testing::ElementsAre;

TEST(TransferAll, GoesOnAfterASignalAndAfterAPart) {
  std::vector<std::size_t> begins;
  const std::size_t done = transfer_all(10, [&](std::size_t begin) -> ssize_t {
    begins.push_back(begin);
    if (begins.size() != 2) return 5;
    errno = EINTR;
    return -1;
  });
  EXPECT_EQ(done, 10U);
  EXPECT_THAT(begins, ElementsAre(0, 5, 5));
}

TEST(TransferAll, EndsWithWhatWasDoneAndTheCause) {
  const auto fails_after_five = [](std::size_t begin) -> ssize_t {
    if (begin == 0) return 5;
    errno = EIO;
    return -1;
  };
  EXPECT_EQ(transfer_all(10, fails_after_five), 5U);
  EXPECT_EQ(errno, EIO);
}

TEST(TransferAll, HasNoCauseAtTheEndOfTheFile) {
  errno = EIO;
  EXPECT_EQ(transfer_all(10, [](std::size_t begin) -> ssize_t { return begin == 0 ? 5 : 0; }), 5U);
  EXPECT_EQ(errno, 0);
}

}  // namespace
}  // namespace chatload
