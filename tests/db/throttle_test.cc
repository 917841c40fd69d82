#include "mysql/throttle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "db/database_fixture.h"

namespace chatload::mysql {
namespace {

constexpr std::uint64_t kStatements = 200;

class ThrottleTest : public DatabaseTest {
 protected:
  std::uint64_t prepared_statements() {
    return std::stoull(admin().query("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'").at(0).at(1).value_or(""));
  }

  void each_statement(const std::string& before, const std::string& behind) {
    for (std::uint64_t i = 0; i < 2 * kStatements; ++i) admin().execute(before + " s" + std::to_string(i) + behind);
  }

  // The throttle's own thread asks once a second.
  static bool comes_to(const Pause& pause, bool is_set) {
    const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (pause.is_set() != is_set && std::chrono::steady_clock::now() < give_up_at) std::this_thread::yield();
    return pause.is_set() == is_set;
  }
};

TEST_F(ThrottleTest, PausesWhileAStatusVariableIsOverItsLimitAndNoLonger) {
  const std::uint64_t most = prepared_statements() + kStatements;
  Pause pause;
  const Throttle throttle(endpoint(), {.max_load = {{"prepared_stmt_count", most}}, .max_lag = {}, .replicas = {}},
                          pause);
  EXPECT_FALSE(pause.is_set());
  each_statement("PREPARE", " FROM 'SELECT 1'");
  EXPECT_TRUE(comes_to(pause, true));
  EXPECT_THAT(pause.reason(), testing::HasSubstr("> " + std::to_string(most)));
  each_statement("DEALLOCATE PREPARE", "");
  EXPECT_TRUE(comes_to(pause, false));
  EXPECT_THAT(pause.reason(), testing::IsEmpty());
}

TEST_F(ThrottleTest, PausesFromItsConstructionWhereTheLimitIsExceededAlready) {
  Pause pause;
  {
    const Throttle throttle(endpoint(), {.max_load = {{"Threads_connected", 0}}, .max_lag = {}, .replicas = {}}, pause);
    EXPECT_TRUE(pause.is_set());
  }
  EXPECT_TRUE(pause.is_set());
}

}  // namespace
}  // namespace chatload::mysql
