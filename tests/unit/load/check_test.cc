#include "load/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "base/errors.h"
#include "mapping/mapping_file.h"
#include "unit/inflate/gzip_text.h"
#include "unit/load/load_files.h"

namespace chatload::load {
namespace {

using report::InputStatus;
using report::RunStatus;
using testing::ElementsAre;
using testing::HasSubstr;

class CheckTest : public testing::Test {
 protected:
  CheckTest() { plan_.report.progress = no_progress(); }

  std::string add(const std::string& name, std::string_view content) {
    return plan_.inputs.emplace_back(files_.write(name, content));
  }

  Verdict check(report::RejectWriter* rejects = nullptr) {
    const StopSignal stop;
    if (raises_before_) std::raise(SIGTERM);
    return check_inputs(plan_, mapping::chat_mapping(), rejects, stop);
  }

  static std::vector<InputStatus> statuses_of(const Verdict& verdict) {
    std::vector<InputStatus> statuses;
    for (const report::InputEnd& input : verdict.inputs) statuses.push_back(input.status);
    return statuses;
  }

  LoadFiles files_;
  cli::CheckPlan plan_;
  bool raises_before_ = false;
};

TEST_F(CheckTest, InputsHaveTheirCountsInTheOrderGiven) {
  const std::string first = add("b", chat_lines(3) + "\n");
  const std::string second = add("a", inflate::compress(chat_lines(5)));
  const Verdict verdict = check();
  EXPECT_EQ(verdict.status, RunStatus::kDone);
  EXPECT_EQ(verdict.exit_code, ExitCode::kLoaded);
  ASSERT_THAT(statuses_of(verdict), ElementsAre(InputStatus::kDone, InputStatus::kDone));
  EXPECT_EQ(verdict.inputs[0].name, first);
  EXPECT_EQ(verdict.inputs[0].counts->lines, 4U);
  EXPECT_EQ(verdict.inputs[0].counts->valid, 3U);
  EXPECT_EQ(verdict.inputs[0].counts->blank, 1U);
  EXPECT_EQ(verdict.inputs[1].name, second);
  EXPECT_EQ(verdict.inputs[1].counts->lines, 5U);
  EXPECT_EQ(verdict.counts.parsed.lines, 9U);
  EXPECT_EQ(verdict.counts.bytes_compressed, std::filesystem::file_size(first) + std::filesystem::file_size(second));
}

TEST_F(CheckTest, WorstInputDecides) {
  add("a", chat_lines(3));
  add("b", chat_lines(2) + "{broken\n");
  EXPECT_EQ(check().exit_code, ExitCode::kLoadedWithRejects);
  EXPECT_EQ(check().status, RunStatus::kDone);
  add("c", "{broken\n");
  EXPECT_EQ(check().exit_code, ExitCode::kBudgetExceeded);
  EXPECT_EQ(check().status, RunStatus::kBudgetExceeded);
  plan_.inputs.push_back(files_.path("missing"));
  EXPECT_EQ(check().exit_code, ExitCode::kFailed);
  EXPECT_EQ(check().status, RunStatus::kFailed);
}

TEST_F(CheckTest, WhatConcernsOneInputDoesNotStopTheNext) {
  const std::string compressed = inflate::compress(inflate::sample_lines(20'000));
  std::string hopeless;
  for (int i = 0; i < 1'001; ++i) hopeless += "{broken\n";
  plan_.report.reject_limit = {.lines = 5, .share_ppm = {}};
  std::string over = chat_lines(1);
  for (int i = 0; i < 6; ++i) over += "{broken\n";
  plan_.inputs.push_back(files_.path("missing"));
  add("damaged", compressed.substr(0, compressed.size() / 2));
  add("hopeless", hopeless);
  add("over", over);
  add("good", chat_lines(3));
  const Verdict verdict = check();
  ASSERT_THAT(statuses_of(verdict), ElementsAre(InputStatus::kFailed, InputStatus::kFailed, InputStatus::kFailed,
                                                InputStatus::kFailed, InputStatus::kDone));
  EXPECT_THAT(verdict.inputs[0].why, HasSubstr("there is no such file"));
  EXPECT_THAT(verdict.inputs[1].why, HasSubstr("damaged"));
  EXPECT_THAT(verdict.inputs[2].why, HasSubstr("can be loaded"));
  EXPECT_THAT(verdict.inputs[3].why, HasSubstr("6 rejected lines up to line 7, more than the 5"));
  EXPECT_EQ(verdict.inputs[4].counts->valid, 3U);
}

TEST_F(CheckTest, CountsOfAnInputThatFailedStay) {
  const std::string compressed = inflate::compress(inflate::sample_lines(200'000));
  add("damaged", compressed.substr(0, compressed.size() / 2));
  add("good", chat_lines(3));
  const Verdict verdict = check();
  ASSERT_TRUE(verdict.inputs[0].counts);
  EXPECT_GT(verdict.inputs[0].counts->valid, 0U);
  EXPECT_EQ(verdict.counts.parsed.valid, verdict.inputs[0].counts->valid + 3);
}

TEST_F(CheckTest, InputWithTheBytesOfAnotherCountsOnce) {
  const std::string first = add("a", chat_lines(3));
  add("b", chat_lines(4));
  add("c", chat_lines(3));
  const Verdict verdict = check();
  ASSERT_THAT(statuses_of(verdict), ElementsAre(InputStatus::kDone, InputStatus::kDone, InputStatus::kSame));
  EXPECT_EQ(verdict.inputs[2].same_as, first);
  EXPECT_EQ(verdict.counts.parsed.lines, 7U);
}

TEST_F(CheckTest, AFileIsReadOnceWhateverNamesItHas) {
  const std::string first = add("a", chat_lines(3));
  std::filesystem::create_symlink("a", files_.path("link"));
  plan_.inputs.push_back(files_.path("link"));
  const Verdict verdict = check();
  ASSERT_EQ(verdict.inputs.size(), 1U);
  EXPECT_EQ(verdict.inputs[0].name, first);
  EXPECT_EQ(verdict.counts.parsed.lines, 3U);
}

TEST_F(CheckTest, SignalStopsBeforeTheNextInput) {
  add("a", chat_lines(3));
  add("b", chat_lines(4));
  raises_before_ = true;
  const Verdict verdict = check();
  EXPECT_EQ(verdict.status, RunStatus::kInterrupted);
  EXPECT_EQ(verdict.exit_code, ExitCode::kInterrupted);
  EXPECT_THAT(statuses_of(verdict), ElementsAre(InputStatus::kNotReached, InputStatus::kNotReached));
}

TEST_F(CheckTest, WhatConcernsAllInputsStops) {
  std::string random;
  std::uint64_t state = 1;
  for (int line = 0; line < 20'000; ++line) {
    for (int i = 0; i < 8; ++i) random += std::to_string(state = state * 6364136223846793005U + 1442695040888963407U);
    random += '\n';
  }
  add("a", chat_lines(3) + random);
  add("b", chat_lines(3));
  report::RejectWriter rejects("/dev/full");
  EXPECT_THROW((void)check(&rejects), EnvironmentError);
}

TEST_F(CheckTest, RejectedLinesOfAllInputsAreWrittenWithTheirInput) {
  const std::string first = add("a", chat_lines(1) + "{one\n");
  const std::string second = add("b", chat_lines(1) + "{two\n");
  const std::string path = files_.path("rejects.json.gz");
  report::RejectWriter rejects(path);
  EXPECT_EQ(check(&rejects).exit_code, ExitCode::kLoadedWithRejects);
  rejects.close();
  std::ifstream file(path, std::ios::binary);
  const std::string compressed{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::string text = inflate::read_string(compressed, inflate::Inflater::kZlib).bytes;
  EXPECT_LT(text.find(first), text.find("{one"));
  EXPECT_LT(text.find("{one"), text.find(second));
  EXPECT_LT(text.find(second), text.find("{two"));
  EXPECT_NE(text.find("{two"), std::string::npos);
}

}  // namespace
}  // namespace chatload::load
