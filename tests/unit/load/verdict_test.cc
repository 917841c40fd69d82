#include "load/verdict.h"

#include <gtest/gtest.h>

namespace chatload::load {
namespace {

using report::RunStatus;

TEST(Verdict, BeginsAsLoaded) {
  const Verdict verdict;
  EXPECT_EQ(verdict.status, RunStatus::kDone);
  EXPECT_EQ(verdict.exit_code, ExitCode::kLoaded);
}

TEST(Verdict, WorstInputDecides) {
  Verdict rejects;
  rejects.worsen(RunStatus::kDone, ExitCode::kLoadedWithRejects);
  rejects.worsen(RunStatus::kDone, ExitCode::kLoaded);
  EXPECT_EQ(rejects.status, RunStatus::kDone);
  EXPECT_EQ(rejects.exit_code, ExitCode::kLoadedWithRejects);

  Verdict failed;
  failed.worsen(RunStatus::kFailed, ExitCode::kFailed);
  failed.worsen(RunStatus::kBudgetExceeded, ExitCode::kBudgetExceeded);
  failed.worsen(RunStatus::kInterrupted, ExitCode::kInterrupted);
  failed.worsen(RunStatus::kDone, ExitCode::kLoadedWithRejects);
  EXPECT_EQ(failed.status, RunStatus::kFailed);
  EXPECT_EQ(failed.exit_code, ExitCode::kFailed);

  Verdict budget;
  budget.worsen(RunStatus::kInterrupted, ExitCode::kInterrupted);
  budget.worsen(RunStatus::kBudgetExceeded, ExitCode::kBudgetExceeded);
  EXPECT_EQ(budget.status, RunStatus::kBudgetExceeded);
  EXPECT_EQ(budget.exit_code, ExitCode::kBudgetExceeded);

  Verdict usage;
  usage.worsen(RunStatus::kFailed, ExitCode::kFailed);
  usage.worsen(RunStatus::kFailed, ExitCode::kUsage);
  EXPECT_EQ(usage.exit_code, ExitCode::kUsage);
}

TEST(Verdict, FirstOfTwoThatAreAsBadStays) {
  Verdict verdict;
  verdict.worsen(RunStatus::kBudgetExceeded, ExitCode::kFailed);
  verdict.worsen(RunStatus::kFailed, ExitCode::kFailed);
  EXPECT_EQ(verdict.status, RunStatus::kBudgetExceeded);
}

}  // namespace
}  // namespace chatload::load
