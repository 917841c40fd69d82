#include "report/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/errors.h"
#include "unit/scratch_folder.h"

namespace chatload::report {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

Summary load_summary() {
  Summary summary;
  summary.inputs.push_back({.name = "chat.json.gz", .status = InputStatus::kDone, .load = 7});
  summary.seconds = 12.3456;
  RunCounts& counts = summary.counts;
  counts.parsed.lines = 2'000'000;
  counts.parsed.valid = 1'995'000;
  counts.inserted = 1'990'000;
  counts.duplicate = 5'000;
  counts.parsed.filtered = 4'000;
  counts.parsed.rejected_by_reason[static_cast<std::size_t>(parse::RejectReason::kInvalidJson)] = 900;
  counts.parsed.rejected_by_reason[static_cast<std::size_t>(parse::RejectReason::kTooLong)] = 100;
  counts.bytes_compressed = 113'246'208;
  counts.bytes_decompressed = 501'219'329;
  summary.this_run = counts;
  return summary;
}

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(RunCounts, AddUpOnlyIfEveryLineHasAnOutcome) {
  RunCounts counts = load_summary().counts;
  const parse::ParseCounts& parsed = counts.parsed;
  ledger::LineCounts lines{.lines = parsed.lines,
                           .inserted = counts.inserted,
                           .updated = counts.updated,
                           .duplicate = counts.duplicate,
                           .filtered = parsed.filtered,
                           .rejected = parsed.rejected(),
                           .blank = parsed.blank};
  EXPECT_TRUE(lines.add_up());
  EXPECT_TRUE(counts.check_adds_up());
  ++lines.updated;
  EXPECT_FALSE(lines.add_up());
  ++counts.parsed.blank;
  EXPECT_FALSE(counts.check_adds_up());
}

TEST(Summary, TextIsAColumnThatAddsUp) {
  EXPECT_EQ(to_text(load_summary()), R"(load done: chat.json.gz
  1,990,000  inserted
          0  updated
      5,000  duplicate
      4,000  filtered
      1,000  rejected
                   900  invalid_json
                   100  too_long
          0  blank
  ---------
  2,000,000  lines
  108 MiB compressed, 478.0 MiB decompressed, 12.346 s, 161,596 rows/s
)");
}

TEST(Summary, CheckHasValidInPlaceOfTheThreeOutcomesOfALoad) {
  Summary summary = load_summary();
  summary.kind = RunKind::kCheck;
  EXPECT_THAT(to_text(summary), AllOf(HasSubstr("1,995,000  valid"), Not(HasSubstr("inserted"))));
  EXPECT_THAT(to_json(summary), AllOf(HasSubstr(R"("valid":1995000)"), Not(HasSubstr("inserted"))));
}

TEST(Summary, CopyIsACheckThatSaysWhatItWrote) {
  Summary summary = load_summary();
  summary.kind = RunKind::kCopy;
  summary.counts.files_written = 1;
  summary.counts.bytes_written = 105 * kMiB;
  EXPECT_THAT(to_text(summary), AllOf(HasSubstr("copy done"), HasSubstr("1,995,000  valid"),
                                      HasSubstr("decompressed, 105 MiB written, 12.346 s")));
  EXPECT_THAT(to_json(summary),
              AllOf(HasSubstr(R"("command":"copy")"), HasSubstr(R"("valid":1995000)"),
                    HasSubstr(R"("files_written":1,"bytes_written":110100480)"), Not(HasSubstr("this_run"))));
  summary.counts.files_written = 3;
  EXPECT_THAT(to_text(summary), HasSubstr("105 MiB written to 3 files,"));
}

TEST(Summary, JsonHasTheStableKeys) {
  EXPECT_EQ(
      to_json(load_summary()),
      R"({"status":"done","command":"load","inputs":[{"input":"chat.json.gz","status":"done","load":7}],)"
      R"("lines":2000000,"inserted":1990000,"updated":0,"duplicate":5000,"filtered":4000,"rejected":1000,"blank":0,"rejects_by_reason":{)"
      R"("invalid_json":900,"invalid_utf8":0,"not_an_object":0,"missing_field":0,"null_field":0,"wrong_type":0,)"
      R"("empty_id":0,"too_long":100,"bad_timestamp":0,"timestamp_out_of_range":0,"line_too_long":0,)"
      R"("refused_by_server":0,"out_of_range":0,"too_precise":0,"bad_number":0,"not_a_member":0,"bad_encoding":0,)"
      R"("unknown_field":0,"lookup_missing":0},)"
      R"("bytes_compressed":113246208,"bytes_decompressed":501219329,)"
      R"("this_run":{"lines":2000000,"inserted":1990000,"updated":0,"duplicate":5000,"filtered":4000,)"
      R"("rejected":1000,"blank":0,"bytes_decompressed":501219329},)"
      R"("seconds":12.346,"rows_per_second":161596})");
}

// One of each kind of end.
std::vector<InputEnd> five_inputs() {
  ledger::SourceLines counts;
  counts.lines = 21;
  counts.valid = 15;
  counts.filtered = 3;
  counts.rejected = 2;
  counts.blank = 1;
  std::vector<InputEnd> inputs;
  inputs.push_back({.name = "sorted", .status = InputStatus::kDone, .load = 7, .counts = counts});
  counts.inserted = 6;
  counts.updated = 5;
  counts.duplicate = 4;
  inputs.push_back({.name = "before", .status = InputStatus::kAlreadyLoaded, .load = 6, .counts = counts});
  inputs.push_back({.name = "again", .status = InputStatus::kSame, .load = 7, .same_as = "sorted"});
  inputs.push_back({.name = "\"bad\"", .status = InputStatus::kFailed, .why = "It is \"damaged\"."});
  inputs.push_back({.name = "last"});
  return inputs;
}

TEST(Summary, JsonHasAnObjectAnInputWithWhatIsKnownOfIt) {
  Summary summary = load_summary();
  summary.inputs = five_inputs();
  EXPECT_THAT(
      to_json(summary),
      HasSubstr(
          R"("inputs":[)"
          R"({"input":"sorted","status":"done","load":7,"lines":21,"valid":15,"filtered":3,"rejected":2,"blank":1},)"
          R"({"input":"before","status":"already_loaded","load":6,"lines":21,"valid":15,"filtered":3,"rejected":2,)"
          R"("blank":1,"inserted":6,"updated":5,"duplicate":4},)"
          R"({"input":"again","status":"same_as_another","load":7,"same_as":"sorted"},)"
          R"({"input":"\"bad\"","status":"failed","why":"It is \"damaged\"."},)"
          R"({"input":"last","status":"not_reached"}],"lines":2000000,)"));
}

TEST(Summary, JsonOfNoInputsHasAnEmptyArray) {
  Summary summary = load_summary();
  summary.inputs.clear();
  EXPECT_THAT(to_json(summary), HasSubstr(R"("inputs":[],)"));
}

TEST(Summary, TextCountsTheInputsByTheirEndsAndNamesThoseThatFailed) {
  Summary summary = load_summary();
  summary.inputs = five_inputs();
  summary.inputs.push_back({.name = "worse", .status = InputStatus::kFailed});
  EXPECT_THAT(to_text(summary),
              AllOf(HasSubstr("load done: sorted, before, again and 3 more\n"),
                    HasSubstr("  2,000,000  lines\n"
                              "  6 inputs: 1 done, 1 done before, 1 the same as others, 2 failed, 1 not reached\n"
                              "    failed: \"bad\"\n"
                              "    failed: worse\n"
                              "  108 MiB compressed")));
}

TEST(Summary, TextOfManyInputsIsShort) {
  Summary summary = load_summary();
  summary.inputs.assign(20'000, {.name = "chat.json.gz", .status = InputStatus::kDone});
  const std::string text = to_text(summary);
  EXPECT_THAT(text, AllOf(HasSubstr("chat.json.gz, chat.json.gz, chat.json.gz and 19,997 more\n"),
                          HasSubstr("  20,000 inputs: 20,000 done\n")));
  EXPECT_LT(text.size(), 1'000U);
}

TEST(Summary, TextOfThreeInputsNamesThemAll) {
  Summary summary = load_summary();
  summary.inputs.resize(2);
  summary.inputs[1] = {.name = "more.json.gz", .status = InputStatus::kDone};
  EXPECT_THAT(to_text(summary), HasSubstr("load done: chat.json.gz, more.json.gz\n"));
  summary.inputs.push_back({.name = "-", .status = InputStatus::kDone});
  EXPECT_THAT(to_text(summary), AllOf(HasSubstr("load done: chat.json.gz, more.json.gz, -\n"), HasSubstr("3 done\n")));
}

TEST(Summary, TextSaysHowManyLinesEarlierRunsDid) {
  Summary summary = load_summary();
  EXPECT_THAT(to_text(summary), Not(HasSubstr("by this run")));
  summary.this_run.parsed.lines = 30'000;
  EXPECT_THAT(to_text(summary), HasSubstr("  30,000 of them by this run, the others before\n"));
}

TEST(Summary, EndsOfInputsHaveTheirNames) {
  EXPECT_EQ(to_string(InputStatus::kNotReached), "not_reached");
  EXPECT_EQ(to_string(InputStatus::kDone), "done");
  EXPECT_EQ(to_string(InputStatus::kAlreadyLoaded), "already_loaded");
  EXPECT_EQ(to_string(InputStatus::kSame), "same_as_another");
  EXPECT_EQ(to_string(InputStatus::kFailed), "failed");
}

TEST(Summary, SpeedIsOfWhatThisRunDidAndTheCountsAreOfAllRuns) {
  Summary summary = load_summary();
  summary.this_run = {};
  summary.this_run.parsed.lines = 30'000;
  summary.this_run.inserted = 20'000;
  summary.this_run.updated = 3'000;
  summary.this_run.duplicate = 2'000;
  summary.this_run.parsed.filtered = 4'900;
  summary.this_run.parsed.blank = 100;
  summary.this_run.bytes_decompressed = 7'000'000;
  summary.seconds = 10;
  EXPECT_THAT(to_json(summary),
              AllOf(HasSubstr(R"("lines":2000000,"inserted":1990000,)"),
                    HasSubstr(R"("this_run":{"lines":30000,"inserted":20000,"updated":3000,"duplicate":2000,)"
                              R"("filtered":4900,"rejected":0,"blank":100,"bytes_decompressed":7000000},)"
                              R"("seconds":10.000,"rows_per_second":2500})")));
  EXPECT_THAT(to_text(summary), AllOf(HasSubstr("2,000,000  lines"), HasSubstr("2,500 rows/s")));
}

TEST(Summary, SourceThatWasLoadedBeforeHasItsCountsAndNothingOfThisRun) {
  Summary summary = load_summary();
  summary.status = RunStatus::kAlreadyLoaded;
  summary.this_run = {};
  EXPECT_THAT(to_json(summary),
              AllOf(HasSubstr(R"({"status":"already_loaded",)"), HasSubstr(R"("inserted":1990000)"),
                    HasSubstr(R"("this_run":{"lines":0,"inserted":0,)"), HasSubstr(R"("rows_per_second":0})")));
}

TEST(Summary, StatusesHaveTheirNames) {
  EXPECT_EQ(to_string(RunStatus::kDone), "done");
  EXPECT_EQ(to_string(RunStatus::kAlreadyLoaded), "already_loaded");
  EXPECT_EQ(to_string(RunStatus::kFailed), "failed");
  EXPECT_EQ(to_string(RunStatus::kInterrupted), "interrupted");
  EXPECT_EQ(to_string(RunStatus::kBudgetExceeded), "budget_exceeded");
}

TEST(Summary, RunWithoutDurationHasNoSpeed) {
  Summary summary = load_summary();
  summary.seconds = 0;
  EXPECT_THAT(to_json(summary), HasSubstr(R"("seconds":0.000,"rows_per_second":0})"));
}

TEST(Summary, FileIsReplacedWholeAndNothingIsLeftBeside) {
  const ScratchFolder folder;
  std::ofstream(folder / "summary.json") << std::string(10'000, 'x');
  write_json(load_summary(), folder / "summary.json");
  EXPECT_EQ(content(folder / "summary.json"), to_json(load_summary()) + "\n");
  const std::filesystem::directory_iterator entries(folder.path());
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

TEST(Summary, LinkStaysAndItsTargetIsReplaced) {
  const ScratchFolder folder;
  std::ofstream(folder / "target.json") << "old";
  std::filesystem::create_symlink("target.json", folder / "link.json");
  write_json(load_summary(), folder / "link.json");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link.json"));
  EXPECT_EQ(content(folder / "target.json"), to_json(load_summary()) + "\n");
}

TEST(Summary, FailuresNameFileAndCause) {
  const ScratchFolder folder;
  EXPECT_THAT([&] { write_json(load_summary(), folder / "none/summary.json"); },
              ThrowsMessage<EnvironmentError>(AllOf(HasSubstr("none/summary.json"), HasSubstr("No such file"))));
  EXPECT_THAT([&] { write_json(load_summary(), folder.path()); },
              ThrowsMessage<EnvironmentError>(HasSubstr("Is a directory")));
  EXPECT_THAT([] { write_json(load_summary(), "/dev/full"); },
              ThrowsMessage<EnvironmentError>(AllOf(HasSubstr("/dev/full"), HasSubstr("No space left"))));
}

}  // namespace
}  // namespace chatload::report
