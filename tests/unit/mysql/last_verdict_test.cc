#include "mysql/last_verdict.h"

#include <gtest/gtest.h>

namespace chatload::mysql {
namespace {

using std::chrono::seconds;

constexpr LastVerdict::Clock::time_point kStart{std::chrono::hours(1)};

TEST(LastVerdict, HoldsForItsTimeAndThenNothingIsWrong) {
  LastVerdict verdict;
  EXPECT_EQ(verdict.heard("busy", kStart), "busy");
  EXPECT_EQ(verdict.held(kStart + LastVerdict::kHoldsFor), "busy");
  EXPECT_EQ(verdict.held(kStart + LastVerdict::kHoldsFor + seconds(1)), "");
  EXPECT_EQ(verdict.held(kStart), "") << "it is gone for good";
}

TEST(LastVerdict, EachAnswerBeginsItsTimeAnew) {
  LastVerdict verdict;
  verdict.heard("busy", kStart);
  verdict.heard("busier", kStart + seconds(20));
  EXPECT_EQ(verdict.held(kStart + seconds(50)), "busier");
  verdict.heard("", kStart + seconds(51));
  EXPECT_EQ(verdict.held(kStart + seconds(52)), "");
}

}  // namespace
}  // namespace chatload::mysql
