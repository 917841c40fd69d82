#include "report/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "base/errors.h"
#include "unit/scratch_folder.h"

namespace chatload::report {
namespace {

using testing::HasSubstr;
using testing::Not;

class MetricsTest : public testing::Test {
 protected:
  MetricsTest() {
    trace_.server = "MySQL 9.7.0";
    trace_.timeline.add(Phase::kSort, WaitedFor::kParse, 0, 1.5, 0, 0);
    trace_.timeline.add(Phase::kMerge, WaitedFor::kNothing, 1.5, 2, 0, 0);
    trace_.timeline.add(Phase::kWriteSorted, WaitedFor::kDatabase, 2, 6, 0, 0);
    trace_.timeline.add_retries(3);
    summary_.seconds = 12.5;
    summary_.inputs = {{.name = "a.gz", .status = InputStatus::kDone}, {.name = "b.gz", .status = InputStatus::kDone}};
    summary_.this_run.inserted = 90;
    summary_.this_run.parsed.rejected_by_reason[static_cast<std::size_t>(parse::RejectReason::kTooLong)] = 10;
    summary_.this_run.bytes_compressed = 1'000;
  }

  [[nodiscard]] RunFacts facts(ExitCode exit_code) const {
    return {.table = "chat_messages",
            .file = "chat.prom",
            .source_id = std::nullopt,
            .started = std::chrono::system_clock::time_point(std::chrono::seconds(1'479'816'000)),
            .exit_code = exit_code,
            .peak_memory_bytes = 4'096,
            .trace = trace_};
  }

  RunTrace trace_;
  Summary summary_;
};

constexpr const char* kTimes =
    R"(# HELP chatload_last_run_start_timestamp_seconds When the last run began.
# TYPE chatload_last_run_start_timestamp_seconds gauge
chatload_last_run_start_timestamp_seconds{table="chat_messages",file="chat.prom"} 1479816000.000
# HELP chatload_last_run_end_timestamp_seconds When the last run ended.
# TYPE chatload_last_run_end_timestamp_seconds gauge
chatload_last_run_end_timestamp_seconds{table="chat_messages",file="chat.prom"} 1479816012.500
# HELP chatload_last_success_timestamp_seconds When the last run with exit code 0 or 1 ended.
# TYPE chatload_last_success_timestamp_seconds gauge
chatload_last_success_timestamp_seconds{table="chat_messages",file="chat.prom"} 1479816012.500
# HELP chatload_last_run_exit_code The exit code of the last run.
# TYPE chatload_last_run_exit_code gauge
chatload_last_run_exit_code{table="chat_messages",file="chat.prom"} 1
# HELP chatload_last_run_duration_seconds How long the last run took.
# TYPE chatload_last_run_duration_seconds gauge
chatload_last_run_duration_seconds{table="chat_messages",file="chat.prom"} 12.500
# HELP chatload_last_run_stage_seconds How long the stages of the last run took.
# TYPE chatload_last_run_stage_seconds gauge
chatload_last_run_stage_seconds{table="chat_messages",file="chat.prom",stage="compare"} 0.000
chatload_last_run_stage_seconds{table="chat_messages",file="chat.prom",stage="sort"} 2.000
chatload_last_run_stage_seconds{table="chat_messages",file="chat.prom",stage="write"} 4.000
chatload_last_run_stage_seconds{table="chat_messages",file="chat.prom",stage="indexes"} 0.000
# HELP chatload_last_run_wait_seconds What bounded the last run, and for how long.
# TYPE chatload_last_run_wait_seconds gauge
chatload_last_run_wait_seconds{table="chat_messages",file="chat.prom",for="inflate"} 0.000
chatload_last_run_wait_seconds{table="chat_messages",file="chat.prom",for="parse"} 1.500
chatload_last_run_wait_seconds{table="chat_messages",file="chat.prom",for="mysql"} 4.000
chatload_last_run_wait_seconds{table="chat_messages",file="chat.prom",for="reconnect"} 0.000
chatload_last_run_wait_seconds{table="chat_messages",file="chat.prom",for="pause"} 0.000
chatload_last_run_wait_seconds{table="chat_messages",file="chat.prom",for="indexes"} 0.000
# HELP chatload_last_run_lines Lines of the last run by what became of them.
# TYPE chatload_last_run_lines gauge
chatload_last_run_lines{table="chat_messages",file="chat.prom",outcome="inserted"} 90
)";

TEST_F(MetricsTest, SayTimesWaitsAndCountsInPrometheusTextFormat) {
  const std::string text = to_prometheus(summary_, facts(ExitCode::kLoadedWithRejects), std::nullopt);
  EXPECT_EQ(text.substr(0, std::string_view(kTimes).size()), kTimes);
  EXPECT_THAT(
      text,
      HasSubstr("\nchatload_last_run_rejects{table=\"chat_messages\",file=\"chat.prom\",reason=\"too_long\"} 10\n"));
  EXPECT_THAT(
      text,
      HasSubstr("\nchatload_last_run_bytes{table=\"chat_messages\",file=\"chat.prom\",kind=\"compressed\"} 1000\n"));
  EXPECT_THAT(text,
              HasSubstr("\nchatload_last_run_inputs{table=\"chat_messages\",file=\"chat.prom\",status=\"done\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("\nchatload_last_run_retries{table=\"chat_messages\",file=\"chat.prom\"} 3\n"));
  EXPECT_THAT(text,
              HasSubstr("\nchatload_last_run_peak_memory_bytes{table=\"chat_messages\",file=\"chat.prom\"} 4096\n"));
  EXPECT_TRUE(
      text.ends_with("\nchatload_last_run_info{table=\"chat_messages\",file=\"chat.prom\",version=\"" CHATLOAD_VERSION
                     "\",server=\"MySQL 9.7.0\"} 1\n"));
}

TEST_F(MetricsTest, LabelValuesCannotEndTheLabel) {
  RunFacts hostile = facts(ExitCode::kLoaded);
  hostile.table = "a\"b\\c\nd";
  hostile.file = "\"";
  hostile.source_id = "night";
  EXPECT_THAT(
      to_prometheus(summary_, hostile, std::nullopt),
      HasSubstr("chatload_last_run_exit_code{table=\"a\\\"b\\\\c\\nd\",file=\"\\\"\",source_id=\"night\"} 0\n"));
}

TEST_F(MetricsTest, AFailureKeepsTheLastSuccess) {
  const std::string failed = to_prometheus(summary_, facts(ExitCode::kFailed), "1479000000.125");
  EXPECT_THAT(
      failed,
      HasSubstr(
          "\nchatload_last_success_timestamp_seconds{table=\"chat_messages\",file=\"chat.prom\"} 1479000000.125\n"));
  EXPECT_EQ(last_success_in(failed, facts(ExitCode::kFailed)), "1479000000.125");
}

TEST_F(MetricsTest, ASuccessUnderAnotherNameOfTheFileIsOne) {
  RunFacts renamed = facts(ExitCode::kLoaded);
  renamed.file = "a\"b\\.prom";
  const std::string text = to_prometheus(summary_, renamed, std::nullopt);
  EXPECT_EQ(last_success_in(text, facts(ExitCode::kFailed)), "1479816012.500");
  const std::string without_one = "\nchatload_last_success_timestamp_seconds{table=\"chat_messages\"} 1479816012.500\n";
  EXPECT_EQ(last_success_in(without_one, facts(ExitCode::kFailed)), "1479816012.500");
  renamed.source_id = "night";
  EXPECT_EQ(last_success_in(text, renamed), std::nullopt);
}

TEST_F(MetricsTest, WithoutAnySuccessThereIsNone) {
  const std::string failed = to_prometheus(summary_, facts(ExitCode::kFailed), std::nullopt);
  EXPECT_THAT(failed, Not(HasSubstr("chatload_last_success")));
  EXPECT_EQ(last_success_in(failed, facts(ExitCode::kFailed)), std::nullopt);
}

TEST_F(MetricsTest, ASuccessOfAnotherTableOrInAnotherTextIsNone) {
  RunFacts other = facts(ExitCode::kLoaded);
  const std::string text = to_prometheus(summary_, other, std::nullopt);
  other.table = "orders";
  EXPECT_EQ(last_success_in(text, other), std::nullopt);
  const RunFacts ours = facts(ExitCode::kLoaded);
  for (const char* value : {"", "soon", "1.2.3", "1e9", "12 1479816000"}) {
    const std::string foreign =
        std::string("\nchatload_last_success_timestamp_seconds{table=\"chat_messages\",file=\"chat.prom\"} ") + value +
        "\n";
    EXPECT_EQ(last_success_in(foreign, ours), std::nullopt) << value;
  }
}

TEST_F(MetricsTest, TheFileIsReplacedAndKeepsTheLastSuccess) {
  const ScratchFolder folder;
  const auto path = folder / "chatload.prom";
  write_metrics(summary_, facts(ExitCode::kLoaded), path);
  summary_.seconds = 99;
  write_metrics(summary_, facts(ExitCode::kFailed), path);
  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  EXPECT_THAT(text, HasSubstr("chatload_last_run_exit_code{table=\"chat_messages\",file=\"chat.prom\"} 3\n"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "chatload_last_success_timestamp_seconds{table=\"chat_messages\",file=\"chat.prom\"} 1479816012.500\n"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST_F(MetricsTest, AFolderThatIsNotThereIsNamed) {
  const ScratchFolder folder;
  EXPECT_THROW(write_metrics(summary_, facts(ExitCode::kLoaded), folder / "none/chatload.prom"), EnvironmentError);
}

}  // namespace
}  // namespace chatload::report
