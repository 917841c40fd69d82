#include "mysql/throttle_limits.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace chatload::mysql {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Channels = std::vector<std::optional<std::uint64_t>>;

TEST(StatusNumber, IsAWholeOrAFractionAndNothingElse) {
  EXPECT_EQ(status_number("53"), 53);
  EXPECT_EQ(status_number("0.250000"), 0.25);
  for (const char* text : {"", "ON", "53 rows", " 53"}) EXPECT_EQ(status_number(text), std::nullopt) << text;
}

TEST(LoadExcess, NamesTheVariableItsValueAndItsLimit) {
  EXPECT_EQ(load_excess({"Threads_running", 40}, "53"), "Threads_running 53 > 40");
  EXPECT_EQ(load_excess({"Last_query_cost", 10}, "10.5"), "Last_query_cost 10.5 > 10");
}

TEST(LoadExcess, ALimitThatIsReachedIsKept) {
  EXPECT_EQ(load_excess({"Threads_running", 40}, "40"), std::nullopt);
  EXPECT_EQ(load_excess({"Threads_running", 0}, "0"), std::nullopt);
}

TEST(LagExcess, NamesTheWorstChannel) {
  EXPECT_EQ(lag_excess(Channels{3, 12, 6}, seconds(5)), "lag 12 s > 5 s");
  EXPECT_EQ(lag_excess(Channels{3, 5}, seconds(5)), std::nullopt);
}

TEST(LagExcess, AChannelThatDoesNotReplicateIsWorseThanAnyLag) {
  EXPECT_EQ(lag_excess(Channels{12, std::nullopt}, seconds(5)), "has stopped");
}

TEST(LagExcess, WithoutAChannelThereIsNoReplica) { EXPECT_EQ(lag_excess(Channels{}, seconds(5)), "is no replica"); }

TEST(LagExcess, WholeSecondsAreComparedWithAFractionExactly) {
  EXPECT_EQ(lag_excess(Channels{0}, milliseconds(500)), std::nullopt);
  EXPECT_EQ(lag_excess(Channels{1}, milliseconds(500)), "lag 1 s > 500 ms");
  EXPECT_EQ(lag_excess(Channels{1}, milliseconds(1'500)), std::nullopt);
}

}  // namespace
}  // namespace chatload::mysql
