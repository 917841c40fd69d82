#include "source/fetch_retry.h"

#include <gtest/gtest.h>

#include <thread>

namespace chatload::source {
namespace {

TEST(FetchRetry, TimeInWhichNobodyTriedDoesNotCount) {
  FetchRetry retry(std::chrono::seconds(1));
  retry.failed("it is away");
  std::this_thread::sleep_for(std::chrono::milliseconds(2300));
  retry.begins();
  retry.failed("it is away");
  EXPECT_FALSE(retry.is_over());
}

}  // namespace
}  // namespace chatload::source
