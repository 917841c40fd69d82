#include "mysql/runner_name.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

namespace chatload::mysql {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kHolder = "connection 17";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << text;
  return text.replace(at, from.size(), to);
}

// That of this process, as if it had another process id.
std::string name_of(pid_t pid) {
  return replaced(runner_name(17), fmt::format("process {} @", getpid()), fmt::format("process {} @", pid));
}

// A process that has ended: a zombie until it is waited for.
pid_t ended_process() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  siginfo_t info;
  EXPECT_EQ(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  return child;
}

TEST(RunnerNameTest, PeopleSeeHostAndProcess) {
  EXPECT_THAT(shown_runner(runner_name(17)), ::testing::EndsWith(fmt::format(", process {}", getpid())));
  EXPECT_EQ(shown_runner("db1, process 7"), "db1, process 7");
}

TEST(RunnerNameTest, AProcessThatLivesIsNotGone) {
  EXPECT_EQ(shown_holder(runner_name(17), kHolder), shown_runner(runner_name(17)) + ", connection 17");
}

TEST(RunnerNameTest, AProcessThatHasEndedIsGoneBeItAZombie) {
  const pid_t ended = ended_process();
  const std::string name = name_of(ended);
  EXPECT_THAT(shown_holder(name, kHolder), HasSubstr("that process is gone"));
  waitpid(ended, nullptr, 0);
  EXPECT_THAT(shown_holder(name, kHolder), HasSubstr("the server frees its lock within 4 min"));
}

TEST(RunnerNameTest, AProcessThatHasTheIdOfAnotherNowIsNotTheOtherOne) {
  const std::string name = runner_name(17);
  const std::string begun_later = name.substr(0, name.rfind('.')) + "9.17";
  EXPECT_THAT(shown_holder(begun_later, kHolder), HasSubstr("gone"));
}

TEST(RunnerNameTest, OfAnotherMachineConnectionOrChatloadNothingIsKnown) {
  const pid_t ended = ended_process();
  waitpid(ended, nullptr, 0);
  const std::string name = name_of(ended);
  const std::string machine = name.substr(name.find(" @") + 2, 8);
  EXPECT_THAT(shown_holder(replaced(name, machine, "00000000"), kHolder), Not(HasSubstr("gone")));
  EXPECT_THAT(shown_holder(name, "connection 18"), Not(HasSubstr("gone")));
  EXPECT_THAT(shown_holder(shown_runner(name), kHolder), Not(HasSubstr("gone")));
  EXPECT_THAT(shown_holder("db1, process x @y.z", kHolder), Not(HasSubstr("gone")));
}

}  // namespace
}  // namespace chatload::mysql
