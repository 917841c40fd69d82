#include "load/heartbeat.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>

#include "db/ledger_fixture.h"

namespace chatload::load {
namespace {

class HeartbeatTest : public ledger::LedgerTest {
 protected:
  void SetUp() override {
    LedgerTest::SetUp();
    const auto connect_counted = [this] {
      ++connects_;
      mysql::Session session = connect();
      connection_id_ = session.connection_id();
      return session;
    };
    heartbeat_.emplace(connect_counted, std::chrono::milliseconds(5));
  }

  [[nodiscard]] std::uint64_t begin_beating(const std::string& owner) {
    return begin_load(admin(), setup_, {.owner = owner, .name = "host", .sources = "log", .beats = true},
                      claims({owner}), {})
        .value();
  }
  [[nodiscard]] std::uint64_t beat_of(std::uint64_t load_id) { return load_of(load_id).beat.value(); }
  // That the beat passes the number.
  void await_beat(std::uint64_t load_id, std::uint64_t number) {
    while (beat_of(load_id) <= number) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

  std::atomic<int> connects_ = 0;
  std::atomic<std::uint64_t> connection_id_ = 0;  // of the latest
  std::optional<Heartbeat> heartbeat_;
};

TEST_F(HeartbeatTest, CountsUpTheBeatOfTheLoadThatIsItsOwn) {
  const std::uint64_t first = begin_beating("first");
  const std::uint64_t second = begin_beating("second");
  heartbeat_->begin(first, "first");
  await_beat(first, 3);
  EXPECT_EQ(beat_of(second), 0U);
  heartbeat_->begin(second, "second");
  await_beat(second, 3);
  EXPECT_EQ(connects_, 1);
}

TEST_F(HeartbeatTest, BeatsForNoLoadOfAnotherOwner) {
  const std::uint64_t theirs = begin_beating("theirs");
  const std::uint64_t ours = begin_beating("ours");
  heartbeat_->begin(theirs, "ours");
  heartbeat_->begin(ours, "ours");
  await_beat(ours, 1);
  EXPECT_EQ(beat_of(theirs), 0U);
}

TEST_F(HeartbeatTest, ConnectionThatIsLostIsOpenedAgain) {
  const std::uint64_t load_id = begin_beating("ours");
  heartbeat_->begin(load_id, "ours");
  await_beat(load_id, 0);
  admin().execute("KILL " + std::to_string(connection_id_));
  const std::uint64_t before = beat_of(load_id);
  await_beat(load_id, before + 3);
  EXPECT_EQ(connects_, 2);
}

TEST_F(HeartbeatTest, RunThatTakesALoadOverWithoutABeatLeavesNone) {
  const std::uint64_t load_id = begin_beating("ours");
  ASSERT_TRUE(take_over(admin(), load_of(load_id), runner("theirs")));
  EXPECT_FALSE(load_of(load_id).beat);
  ledger::Runner again = runner("again");
  again.beats = true;
  ASSERT_TRUE(take_over(admin(), load_of(load_id), again));
  EXPECT_EQ(load_of(load_id).beat, 0U);
}

}  // namespace
}  // namespace chatload::load
