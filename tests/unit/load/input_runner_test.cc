#include "load/input_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "unit/scratch_folder.h"

namespace chatload::load {
namespace {

using report::RunStatus;
using testing::ElementsAre;

struct Result {
  Verdict verdict;
  std::vector<std::string> begun;
};

// Runs a, b and c; what each of them does is given, and the others are loaded.
Result run(const std::map<std::string, std::function<void(Verdict&)>>& inputs, bool fail_fast = false) {
  const StopSignal stop;
  Result result;
  result.verdict = run_inputs({"a", "b", "c"}, fail_fast, stop, [&](const std::string& input, Verdict& verdict) {
    result.begun.push_back(input);
    const auto found = inputs.find(input);
    if (found != inputs.end()) found->second(verdict);
  });
  return result;
}

template <typename Failure>
void fail(Verdict&) {
  throw Failure("It failed.");
}

void load_with_rejects(Verdict& verdict) { verdict.worsen(RunStatus::kDone, ExitCode::kLoadedWithRejects); }
void exceed_budget(Verdict& verdict) { verdict.worsen(RunStatus::kBudgetExceeded, ExitCode::kBudgetExceeded); }
void find_loaded(Verdict& verdict) { ++verdict.already_loaded; }

TEST(InputRunner, InputsRunInOrder) {
  const Result result = run({});
  EXPECT_THAT(result.begun, ElementsAre("a", "b", "c"));
  EXPECT_EQ(result.verdict.status, RunStatus::kDone);
  EXPECT_EQ(result.verdict.exit_code, ExitCode::kLoaded);
}

TEST(InputRunner, AFileRunsOnceWhateverNamesItHas) {
  const ScratchFolder folder;
  const std::string first = folder / "first";
  const std::string second = folder / "second";
  for (const std::string& file : {first, second}) std::ofstream(file) << "the same bytes";
  const std::string link = folder / "link";
  const std::string hard_link = folder / "hard_link";
  std::filesystem::create_symlink("first", link);
  std::filesystem::create_hard_link(first, hard_link);
  const StopSignal stop;
  std::vector<std::string> begun;
  const Verdict verdict = run_inputs({first, link, second, hard_link, "none", "none", first}, false, stop,
                                     [&](const std::string& input, Verdict& so_far) {
                                       begun.push_back(input);
                                       ++so_far.already_loaded;
                                     });
  EXPECT_THAT(begun, ElementsAre(first, second, "none"));
  EXPECT_EQ(verdict.status, RunStatus::kAlreadyLoaded);
}

TEST(InputRunner, WorstInputDecides) {
  const Result rejects = run({{"b", load_with_rejects}});
  EXPECT_EQ(rejects.verdict.status, RunStatus::kDone);
  EXPECT_EQ(rejects.verdict.exit_code, ExitCode::kLoadedWithRejects);

  const Result failed = run({{"a", fail<SourceError>}, {"b", exceed_budget}, {"c", load_with_rejects}});
  EXPECT_EQ(failed.verdict.status, RunStatus::kFailed);
  EXPECT_EQ(failed.verdict.exit_code, ExitCode::kFailed);

  const Result usage = run({{"a", fail<SourceError>}, {"b", fail<UsageError>}});
  EXPECT_EQ(usage.verdict.exit_code, ExitCode::kUsage);
}

TEST(InputRunner, WhatConcernsOneInputDoesNotStopTheNext) {
  for (const auto& failure :
       {fail<SourceError>, fail<CorruptInputError>, fail<LoadError>, fail<UsageError>, exceed_budget}) {
    EXPECT_THAT(run({{"a", failure}}).begun, ElementsAre("a", "b", "c"));
  }
}

TEST(InputRunner, WhatConcernsAllInputsStops) {
  for (const auto& failure : {fail<DatabaseError>, fail<EnvironmentError>, fail<std::runtime_error>}) {
    const Result result = run({{"b", failure}});
    EXPECT_THAT(result.begun, ElementsAre("a", "b"));
    EXPECT_EQ(result.verdict.status, RunStatus::kFailed);
    EXPECT_EQ(result.verdict.exit_code, ExitCode::kFailed);
  }
  EXPECT_THAT(run({{"b", [](Verdict&) { throw std::bad_alloc(); }}}).begun, ElementsAre("a", "b"));
}

TEST(InputRunner, FailFastStopsAtTheFirstThatIsNotLoaded) {
  for (const auto& failure : {fail<SourceError>, fail<CorruptInputError>, fail<LoadError>, exceed_budget}) {
    EXPECT_THAT(run({{"a", load_with_rejects}, {"b", failure}}, true).begun, ElementsAre("a", "b"));
  }
}

TEST(InputRunner, SignalStopsBeforeTheNextInput) {
  const Result result = run({{"a", [](Verdict&) { std::raise(SIGTERM); }}});
  EXPECT_THAT(result.begun, ElementsAre("a"));
  EXPECT_EQ(result.verdict.status, RunStatus::kInterrupted);
  EXPECT_EQ(result.verdict.exit_code, ExitCode::kInterrupted);
}

TEST(InputRunner, SignalAfterTheLastInputInterruptsNothing) {
  const Result result = run({{"c", [](Verdict&) { std::raise(SIGTERM); }}});
  EXPECT_EQ(result.verdict.status, RunStatus::kDone);
  EXPECT_EQ(result.verdict.exit_code, ExitCode::kLoaded);
}

TEST(InputRunner, AlreadyLoadedIsSaidOfAllInputsOrNone) {
  EXPECT_EQ(run({{"a", find_loaded}, {"b", find_loaded}, {"c", find_loaded}}).verdict.status,
            RunStatus::kAlreadyLoaded);
  EXPECT_EQ(run({{"a", find_loaded}, {"b", find_loaded}}).verdict.status, RunStatus::kDone);
  EXPECT_EQ(run({{"a", find_loaded}, {"b", find_loaded}, {"c", fail<SourceError>}}).verdict.status, RunStatus::kFailed);
}

TEST(InputRunner, CountsOfAnInputThatFailedStay) {
  const Result result = run({{"a",
                              [](Verdict& verdict) {
                                verdict.counts.inserted += 7;
                                throw SourceError("It failed.");
                              }},
                             {"b", [](Verdict& verdict) { verdict.counts.inserted += 5; }}});
  EXPECT_EQ(result.verdict.counts.inserted, 12U);
}

}  // namespace
}  // namespace chatload::load
