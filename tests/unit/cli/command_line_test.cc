#include "cli/command_line.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/errors.h"
#include "base/stop_signal.h"
#include "base/units.h"
#include "unit/scratch_folder.h"

namespace chatload::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

constexpr const char* kUrl = "--to=mysql://me@db.example:3307/chat";

Plan parse(std::vector<std::string> arguments) {
  std::vector<const char*> argv = {"chatload"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  const StopSignal stop;
  return parse_command_line(static_cast<int>(argv.size()), argv.data(), stop);
}

LoadPlan load(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"load", kUrl, "in.gz"});
  return std::get<LoadPlan>(parse(std::move(arguments)));
}

CheckPlan check(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"check", "in.gz"});
  return std::get<CheckPlan>(parse(std::move(arguments)));
}

CopyPlan copy(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"copy", "in.gz", "-o", "out.gz"});
  return std::get<CopyPlan>(parse(std::move(arguments)));
}

std::string text_of(std::vector<std::string> arguments) {
  return std::get<EarlyExit>(parse(std::move(arguments))).text;
}

// A sentence that begins with `beginning`.
void expect_refused(const std::vector<std::string>& arguments, const std::string& beginning) {
  EXPECT_THAT([&] { (void)parse(arguments); }, ThrowsMessage<UsageError>(AllOf(StartsWith(beginning), EndsWith("."))));
}

// Standard input is this file while it lives.
class StandardInput {
 public:
  explicit StandardInput(const std::string& path) : before_(dup(STDIN_FILENO)) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(dup2(file, STDIN_FILENO), STDIN_FILENO);
    close(file);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;
  ~StandardInput() {
    dup2(before_, STDIN_FILENO);
    close(before_);
  }

 private:
  int before_;
};

class CommandLine : public testing::Test {
 protected:
  CommandLine() {
    unsetenv("CHATLOAD_TO");
    unsetenv("MYSQL_PWD");
    setenv("HOME", home_.path().c_str(), 1);
  }

  ScratchFolder home_;
};

TEST_F(CommandLine, LoadHasTheDocumentedDefaults) {
  const LoadPlan plan = load({});
  EXPECT_THAT(plan.inputs, ElementsAre("in.gz"));
  EXPECT_EQ(plan.read.split.range_bytes, 4 * kMiB);
  EXPECT_EQ(plan.read.split.line_bytes_max, kMiB);
  EXPECT_EQ(plan.read.memory_bytes, std::nullopt);
  EXPECT_EQ(plan.read.inflater, inflate::Inflater::kIsal);
  EXPECT_THAT(plan.read.filter.values_of("type"), ElementsAre("message", "status"));
  EXPECT_GE(plan.read.threads, 1U);
  EXPECT_EQ(plan.write.on_duplicate, OnDuplicate::kSkip);
  EXPECT_GE(plan.write.connections, 1U);
  EXPECT_LE(plan.write.connections, 8U);
  EXPECT_EQ(plan.report.rejects, std::nullopt);
  EXPECT_EQ(plan.report.summary, std::nullopt);
  EXPECT_EQ(plan.report.reject_limit.lines, std::nullopt);
  EXPECT_EQ(plan.report.progress.mode, report::ProgressMode::kAuto);
  EXPECT_EQ(plan.report.progress.interval, std::chrono::seconds(10));
  EXPECT_TRUE(plan.report.progress.has_database);
  EXPECT_EQ(plan.report.log_format, LogFormat::kText);
}

TEST_F(CommandLine, DefaultThreadsAndConnectionsAreTheCoresThatTheProcessMayRunOn) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  LoadPlan plan;
  std::thread([&] {  // whose cores are its own
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    plan = load({});
  })
      .join();
  EXPECT_EQ(plan.read.threads, 1U);
  EXPECT_EQ(plan.write.connections, 1U);
  EXPECT_FALSE(plan.read.is_threads_given);
  EXPECT_FALSE(plan.write.is_connections_given);
}

TEST_F(CommandLine, EveryFlagOfLoadReachesThePlan) {
  const LoadPlan plan = load({"--on-duplicate",
                              "replace",
                              "--connections",
                              "3",
                              "--threads",
                              "5",
                              "--range-size",
                              "64K",
                              "--max-line",
                              "2M",
                              "--memory",
                              "512M",
                              "--inflater",
                              "zlib",
                              "--type",
                              "message",
                              "--type",
                              "typing",
                              "--site",
                              "3",
                              "--since",
                              "2016-11-22",
                              "--until",
                              "1479816000",
                              "--rejects",
                              "r.json.gz",
                              "--max-rejects",
                              "0.5%",
                              "--summary",
                              "s.json",
                              "--progress",
                              "lines",
                              "--progress-interval",
                              "2s",
                              "--log-format",
                              "json"});
  EXPECT_EQ(plan.write.endpoint.host, "db.example");
  EXPECT_EQ(plan.write.on_duplicate, OnDuplicate::kReplace);
  EXPECT_EQ(plan.write.connections, 3U);
  EXPECT_TRUE(plan.write.is_connections_given);
  EXPECT_EQ(plan.read.threads, 5U);
  EXPECT_TRUE(plan.read.is_threads_given);
  EXPECT_EQ(plan.read.split.range_bytes, 64 * kKiB);
  EXPECT_EQ(plan.read.split.line_bytes_max, 2 * kMiB);
  EXPECT_EQ(plan.read.memory_bytes, 512 * kMiB);
  EXPECT_EQ(plan.read.inflater, inflate::Inflater::kZlib);
  EXPECT_THAT(plan.read.filter.values_of("type"), ElementsAre("message", "typing"));
  EXPECT_THAT(plan.read.filter.values_of("site_id"), ElementsAre("3"));
  EXPECT_EQ(plan.read.filter.since_seconds, 1479772800);
  EXPECT_EQ(plan.read.filter.until_seconds, 1479816000);
  EXPECT_EQ(plan.report.rejects, "r.json.gz");
  EXPECT_EQ(plan.report.reject_limit.share_ppm, 5'000U);
  EXPECT_EQ(plan.report.summary, "s.json");
  EXPECT_EQ(plan.report.progress.mode, report::ProgressMode::kLines);
  EXPECT_EQ(plan.report.progress.interval, std::chrono::seconds(2));
  EXPECT_EQ(plan.report.log_format, LogFormat::kJson);
}

TEST_F(CommandLine, RepeatableFlagTakesOneValueAndLeavesTheInputs) {
  EXPECT_THAT(load({"--type", "message", "second.gz"}).inputs, ElementsAre("in.gz", "second.gz"));
}

TEST_F(CommandLine, InputsMayBeNamedLikeCommandsOrFlags) {
  EXPECT_THAT(check({"-", "check", "--", "--odd"}).inputs, ElementsAre("in.gz", "-", "check", "--odd"));
}

TEST_F(CommandLine, CheckNeedsNoDatabase) {
  const CheckPlan plan = check({});
  EXPECT_FALSE(plan.limits_from.has_value());
  EXPECT_FALSE(plan.report.progress.has_database);
  EXPECT_EQ(check({"--limits-from", "mysql://u@h/d"}).limits_from->database, "d");
}

TEST_F(CommandLine, FlagsThatWriteAreUnknownToCheck) {
  expect_refused({"check", "in.gz", "--connections", "2"}, "'--connections' is no flag of `chatload check`");
}

TEST_F(CommandLine, CopyHasTheDocumentedDefaults) {
  const CopyPlan plan = copy({});
  EXPECT_EQ(plan.output, "out.gz");
  EXPECT_EQ(plan.compression.level, 6);
  EXPECT_EQ(plan.compression.framing, deflate::Framing::kMigz);
  EXPECT_TRUE(plan.read.filter.values_of("type").empty());
  EXPECT_FALSE(plan.is_split());
  EXPECT_FALSE(plan.keep_rejected);
  EXPECT_FALSE(plan.report.reject_limit.may_be_all);
}

TEST_F(CommandLine, FlagsOfACopyReachThePlan) {
  const CopyPlan plan = copy({"--level=12", "--members", "bgzf", "--keep-rejected", "--type", "join"});
  EXPECT_EQ(plan.compression.level, 12);
  EXPECT_EQ(plan.compression.framing, deflate::Framing::kBgzf);
  EXPECT_THAT(plan.read.filter.values_of("type"), ElementsAre("join"));
  EXPECT_TRUE(plan.keep_rejected);
  EXPECT_TRUE(plan.report.reject_limit.may_be_all);
}

TEST_F(CommandLine, TheNameOfACopySaysWhetherItIsZstd) {
  const auto copy_to = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"copy", "in.gz", "-o"});
    return std::get<CopyPlan>(parse(std::move(arguments)));
  };
  const CopyPlan plan = copy_to({"out.json.zst"});
  EXPECT_EQ(plan.compression.framing, deflate::Framing::kZstd);
  EXPECT_EQ(plan.compression.level, 3);
  EXPECT_EQ(copy_to({"out.zst", "--level", "19"}).compression.level, 19);
  EXPECT_EQ(copy_to({"s3://bucket/out.zst"}).compression.framing, deflate::Framing::kZstd);
  expect_refused({"copy", "in.gz", "-o", "out.zst", "--level", "20"}, "--level");
  expect_refused({"copy", "in.gz", "-o", "out.gz", "--level", "13"}, "--level");
  expect_refused({"copy", "in.gz", "-o", "out.zst", "--members", "migz"}, "--members is for gzip");
}

TEST_F(CommandLine, SplitIsANumberOfFilesOrTheirSize) {
  EXPECT_EQ(copy({"--split", "8"}).split_files, 8U);
  EXPECT_EQ(copy({"--split", "8"}).split_bytes, std::nullopt);
  EXPECT_EQ(copy({"--split", "512M"}).split_bytes, 512 * kMiB);
  EXPECT_EQ(copy({"--split", "512M"}).split_files, std::nullopt);
  expect_refused({"copy", "in.gz", "-o", "out.gz", "--split", "1001"}, "--split");
  expect_refused({"copy", "in.gz", "-o", "out.gz", "--split", "0K"}, "--split takes a number of files, or a size");
}

TEST_F(CommandLine, SchemaActionsBecomePlans) {
  EXPECT_EQ(std::get<SchemaPlan>(parse({"schema", "print"})).action, SchemaAction::kPrint);
  const auto apply = std::get<SchemaPlan>(parse({"schema", "apply", kUrl}));
  EXPECT_EQ(apply.action, SchemaAction::kApply);
  EXPECT_EQ(apply.endpoint->host, "db.example");
  EXPECT_EQ(std::get<SchemaPlan>(parse({"schema", "check", kUrl})).action, SchemaAction::kCheck);
}

TEST_F(CommandLine, DatabaseIsThatOfTheFlagElseOfTheFileElseOfTheEnvironment) {
  const std::string file = home_ / "c.toml";
  std::ofstream(file) << "to = 'mysql://u@of-the-file/d'";
  setenv("CHATLOAD_TO", "mysql://u@of-the-environment/d", 1);
  const auto host = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"load", "in.gz"});
    return std::get<LoadPlan>(parse(std::move(arguments))).write.endpoint.host;
  };
  EXPECT_EQ(host({}), "of-the-environment");
  EXPECT_EQ(host({"--config", file}), "of-the-file");
  EXPECT_EQ(host({"--config", file, "--to", "mysql://u@of-the-flag/d"}), "of-the-flag");
}

TEST_F(CommandLine, SectionOfTheFileIsStrongerThanItsTopAndOtherSectionsDoNotCount) {
  const std::string file = home_ / "c.toml";
  std::ofstream(file) << "threads = 3\nmax-line = '2M'\nconnections = 2\n[load]\nthreads = 7\ntype = ['a', 'b']\n";
  EXPECT_EQ(load({"--config", file}).read.threads, 7U);
  EXPECT_EQ(load({"--config", file, "--threads", "9"}).read.threads, 9U);
  EXPECT_THAT(load({"--config", file}).read.filter.values_of("type"), ElementsAre("a", "b"));
  EXPECT_EQ(check({"--config", file}).read.threads, 3U);
  EXPECT_EQ(check({"--config", file}).read.split.line_bytes_max, 2 * kMiB);
}

TEST_F(CommandLine, WhatTheFileMustNotHoldIsNamedWithItsLine) {
  const std::string file = home_ / "c.toml";
  for (const char* text :
       {"\nbogus = 1", "\n'' = 1", "\nload.bogus = 1", "[check]\nconnections = 1", "\n[lod]", "\nconfig = 'x'",
        "\nhelp = 1", "\nthreads = [1, 2]", "\nthreads = true", "\nfail-fast = 'true'", "\nrestart = true",
        "[load]\nreload = false", "[rejects]\nraw = 'yes'"}) {
    std::ofstream(file) << text;
    expect_refused({"load", "in.gz", "--config", file}, file + ":2: ");
  }
}

TEST_F(CommandLine, DatesOfTheFileAreInstants) {
  const std::string file = home_ / "c.toml";
  std::ofstream(file) << "check.since = 2016-11-22 12:00:00Z\ncheck.until = 2016-11-22T12:00:00.5Z\n";
  EXPECT_EQ(check({"--config", file}).read.filter.since_seconds, 1479816000);
  EXPECT_EQ(check({"--config", file}).read.filter.until_seconds, 1479816001);
}

TEST_F(CommandLine, FlagBeforeItsCommandIsToldToStandBehindIt) {
  expect_refused({"--threads", "2", "check", "a.json"},
                 "--threads stands before its command; flags go after it: `chatload check --threads ...`.");
  expect_refused({"--threads=2", "check", "a.json"}, "--threads stands before its command");
  expect_refused({"schema", kUrl, "apply"}, "--to stands before its command");
  expect_refused({"--bogus", "check", "a.json"}, "'--bogus' is no flag of `chatload check`");
}

TEST_F(CommandLine, UsageErrorsAreOneSentenceThatNamesTheFault) {
  expect_refused({}, "Name a command: load, check, copy, index, guess, schema, loads, rejects or report");
  expect_refused({"frob"}, "'frob' is no command");
  expect_refused({"schema", "print", "--", "x"}, "`chatload schema print` takes no INPUT");
  expect_refused({"schema"}, "Say what to do with the schema: print, apply or check");
  expect_refused({"load"}, "Name at least one INPUT");
  expect_refused({"load", "in.gz"}, "Name the database with --to");
  expect_refused({"schema", "apply"}, "Name the database with --to");
  expect_refused({"load", "in.gz", "--bogus"}, "'--bogus' is no flag of `chatload load`");
  expect_refused({"load", "in.gz", "--threads"}, "--threads takes a value");
  expect_refused({"load", "in.gz", "--threads=1", "--threads=2"}, "--threads is given more than once");
  expect_refused({"check", "in.gz", "--password-file", "p"}, "--password-file needs --limits-from");
  expect_refused({"check", "in.gz", "--server-public-key-file", "p"}, "--server-public-key-file needs --limits-from");
  expect_refused({"check", "in.gz", "--get-server-public-key"}, "--get-server-public-key needs --limits-from");
}

TEST_F(CommandLine, ValuesOutsideTheirBoundsAreRefusedWithTheBounds) {
  expect_refused({"check", "in.gz", "--threads", "0"}, "--threads takes a whole number from 1 to 256, not '0'");
  expect_refused({"check", "in.gz", "--threads", "257"}, "--threads takes a whole number from 1 to 256");
  expect_refused({"load", "in.gz", kUrl, "--connections", "65"}, "--connections takes a whole number from 1 to 64");
  expect_refused({"check", "in.gz", "--range-size", "4095"}, "--range-size takes a size from 4 KiB to 1 GiB");
  expect_refused({"check", "in.gz", "--max-line", "1025M"}, "--max-line takes a size from 1 KiB to 1 GiB");
  expect_refused({"check", "in.gz", "--progress-interval", "0"}, "--progress-interval takes at least 100 ms");
  expect_refused({"check", "in.gz", "--inflater", "gz"}, "--inflater takes isal or zlib, not 'gz'");
  expect_refused({"check", "in.gz", "--type", "message", "--type", ""}, "--type takes a type such as message");
  expect_refused({"check", "in.gz", "--progress", "dots"}, "--progress takes auto, bar, lines or none, not 'dots'");
  EXPECT_EQ(check({"--range-size", "4K", "--max-line", "1G"}).read.split.range_bytes, 4 * kKiB);
}

TEST_F(CommandLine, FlagsThatContradictEachOtherAreRefused) {
  expect_refused({"check", "in.gz", "--since", "2", "--until", "1"}, "--since 2 is not earlier than --until 1");
  expect_refused({"check", "in.gz", "--since", "2", "--until", "2"}, "--since 2 is not earlier than --until 2");
  EXPECT_EQ(check({"--since", "9223372036854775807"}).read.filter.since_seconds, INT64_MAX);
  expect_refused({"check", "in.gz", "--log-format", "json", "--progress", "bar"}, "--progress bar cannot stand with");
  expect_refused({"check", "in.gz", "--rejects", "x", "--summary", "./x"},
                 "--rejects and --summary name the same file");
}

TEST_F(CommandLine, JsonLogHasLinesOfProgress) {
  EXPECT_EQ(check({"--log-format", "json"}).report.progress.mode, report::ProgressMode::kLines);
}

TEST_F(CommandLine, OutputThatWouldOverwriteTheInputIsRefused) {
  const std::string input = home_ / "in.json.gz";
  std::ofstream(std::string(input)) << "x";
  const std::string output = home_.path() / "./in.json.gz";
  expect_refused({"check", input, "--rejects", output}, "--rejects " + output + " would overwrite the input.");
  EXPECT_EQ(std::filesystem::file_size(input), 1U);
}

TEST_F(CommandLine, OutputThatWouldOverwriteStandardInputIsRefused) {
  const std::string input = home_ / "in.json";
  std::ofstream(std::string(input)) << "x";
  const StandardInput stdin_is_the_file(input);
  for (const char* flag : {"--rejects", "--summary"}) {
    expect_refused({"check", "-", flag, input}, flag + (' ' + input) + " would overwrite the input.");
    EXPECT_NO_THROW((void)parse({"check", "-", flag, home_ / "other"}));
  }
}

TEST_F(CommandLine, InputAndOutputMayBothBeADevice) {
  const StandardInput nothing("/dev/null");
  EXPECT_NO_THROW((void)parse({"check", "-", "/dev/null", "--rejects", "/dev/null"}));
  EXPECT_NO_THROW((void)parse({"check", "-", "/dev/null", "--summary", "/dev/null"}));
}

TEST_F(CommandLine, OutputToStandardOutputIsRefused) {
  expect_refused({"check", "in.gz", "--summary", "-"}, "--summary takes the path of a file, not -");
  expect_refused({"check", "in.gz", "--rejects", "-"}, "--rejects takes the path of a file, not -");
  EXPECT_EQ(check({"--summary", home_ / "-"}).report.summary, home_ / "-");
}

TEST_F(CommandLine, OutputInAMissingFolderIsRefusedBeforeTheRun) {
  expect_refused({"check", "in.gz", "--summary", home_ / "none/s.json"}, "--summary");
}

TEST_F(CommandLine, SummaryThatIsADirectoryIsRefusedBeforeTheRun) {
  const std::string folder = home_.path();
  expect_refused({"check", "in.gz", "--summary", folder}, "--summary " + folder + " cannot be written: it is a direct");
  expect_refused({"check", "in.gz", "--summary", folder + "/."}, "--summary " + folder + "/. cannot be written: it is");
}

// In a process of its own, which gives up root's right to write everywhere.
TEST_F(CommandLine, SummaryInAFolderThatCannotBeWrittenIsRefusedBeforeTheRun) {
  const std::string folder = home_ / "sealed";
  std::filesystem::create_directory(folder);
  std::ofstream(folder + "/old.json") << "{}";
  symlink((folder + "/old.json").c_str(), (home_ / "link").c_str());
  std::filesystem::permissions(home_.path(), std::filesystem::perms(0777));
  std::filesystem::permissions(folder, std::filesystem::perms(0555));
  for (const std::string& summary : {folder + "/new.json", folder + "/old.json", (home_ / "link").string()}) {
    const auto parse_as_nobody = [&] {
      if (geteuid() == 0 && setuid(65534) != 0) _exit(1);
      try {
        (void)parse({"check", "in.gz", "--summary", summary});
      } catch (const UsageError& error) {
        std::fprintf(stderr, "%s", error.what());
      }
      _exit(0);
    };
    EXPECT_EXIT(parse_as_nobody(), testing::ExitedWithCode(0), "the folder .*sealed takes no new file \\(Permission")
        << summary;
  }
  std::filesystem::permissions(folder, std::filesystem::perms(0755));
}

TEST_F(CommandLine, TheLedgersFlagsReachThePlan) {
  const LoadPlan plain = load({});
  EXPECT_FALSE(plain.ledger.restart || plain.ledger.reload || plain.fail_fast);
  EXPECT_EQ(plain.ledger.source_id, std::nullopt);
  EXPECT_EQ(plain.ledger.wait_lock, std::chrono::seconds(15));
  EXPECT_EQ(plain.ledger.wait_table, std::nullopt);
  EXPECT_EQ(plain.ledger.retry_for, std::chrono::minutes(5));
  const LoadPlan plan =
      load({"--restart", "--source-id", "n\u00e4chtlich 1", "--wait-lock", "2min", "--retry-for=1h", "--fail-fast"});
  EXPECT_TRUE(plan.ledger.restart && plan.fail_fast);
  EXPECT_FALSE(plan.ledger.reload);
  EXPECT_EQ(plan.ledger.source_id, "n\u00e4chtlich 1");
  EXPECT_EQ(plan.ledger.wait_lock, std::chrono::minutes(2));
  EXPECT_EQ(plan.ledger.wait_table, std::chrono::minutes(2));
  EXPECT_EQ(plan.ledger.retry_for, std::chrono::hours(1));
  EXPECT_TRUE(load({"--reload"}).ledger.reload);
}

TEST_F(CommandLine, LimitsThatALoadMakesWayForReachThePlan) {
  EXPECT_TRUE(load({}).write.throttle.empty());
  const mysql::ThrottleLimits limits = load({"--max-load", "Threads_running=40", "--max-lag", "5s", "--replica",
                                             "mysql://u@a/db", "--max-load=X=0", "--replica", "mysql://u@b:3307/db"})
                                           .write.throttle;
  ASSERT_EQ(limits.max_load.size(), 2U);
  EXPECT_EQ(limits.max_load[0].variable, "Threads_running");
  EXPECT_EQ(limits.max_load[0].most, 40U);
  EXPECT_EQ(limits.max_load[1].variable, "X");
  EXPECT_EQ(limits.max_lag, std::chrono::seconds(5));
  ASSERT_EQ(limits.replicas.size(), 2U);
  EXPECT_EQ(limits.replicas[0].host, "a");
  EXPECT_EQ(limits.replicas[1].port, 3307);
}

TEST_F(CommandLine, TheServersKeyIsAskedForByASwitch) {
  EXPECT_FALSE(load({}).write.endpoint.asks_for_public_key);
  EXPECT_TRUE(load({"--get-server-public-key"}).write.endpoint.asks_for_public_key);
}

TEST_F(CommandLine, ReplicasGetThePasswordOfTheirDatabase) {
  const std::string file = home_ / "password";
  std::ofstream(file) << "secret\n";
  const LoadPlan plan = load({"--max-lag", "5s", "--replica", "mysql://u@a/db", "--password-file", file});
  EXPECT_EQ(plan.write.throttle.replicas.at(0).password, "secret");
}

TEST_F(CommandLine, LimitsWithoutWhatTheyNeedAreRefused) {
  expect_refused({"load", kUrl, "a", "--max-lag", "5s"},
                 "--max-lag asks the replicas themselves; name each with --replica");
  expect_refused({"load", kUrl, "a", "--replica", "mysql://u@a/db"}, "--replica needs --max-lag");
  expect_refused({"load", kUrl, "a", "--max-lag", "long", "--replica", "mysql://u@a/db"}, "--max-lag");
  expect_refused({"load", kUrl, "a", "--max-load", "Threads_running"},
                 "--max-load takes a status variable and its limit, such as Threads_running=40, not 'Threads_running'");
  expect_refused({"load", kUrl, "a", "--max-load", "=40"},
                 "--max-load takes a status variable and its limit, such as Threads_running=40, not '=40'");
  expect_refused({"load", kUrl, "a", "--max-load", "Threads_running=many"}, "--max-load Threads_running");
}

TEST_F(CommandLine, SwitchesOfTheFileAreTrueOrFalseAndWeakerThanTheCommandLine) {
  const std::string file = home_ / "c.toml";
  std::ofstream(file) << "load.fail-fast = true\nrejects.raw = false\n";
  EXPECT_TRUE(load({"--config", file}).fail_fast);
  EXPECT_FALSE(load({"--config", file, "--fail-fast=false"}).fail_fast);
  EXPECT_TRUE(std::get<RejectsPlan>(parse({"rejects", kUrl, "3", "--config", file, "--raw"})).raw);
}

TEST_F(CommandLine, FlagsOfOneRunAreRefusedInTheFileByName) {
  const std::string file = home_ / "c.toml";
  std::ofstream(file) << "restart = true\n";
  expect_refused({"load", "in.gz", "--config", file}, file + ":1: 'restart' is for one run");
}

TEST_F(CommandLine, SharingTakesAGibibyteAtATimeUnlessAnotherSizeIsGiven) {
  EXPECT_FALSE(load({}).ledger.share_bytes);
  EXPECT_EQ(load({"--share"}).ledger.share_bytes, kGiB);
  EXPECT_EQ(load({"--share", "--share-size", "5M"}).ledger.share_bytes, 5 * kMiB);
}

TEST_F(CommandLine, WhatMakesNoSenseBesideOtherRunsIsRefusedWithShare) {
  expect_refused({"load", kUrl, "a", "--share", "--restart"}, "--restart cannot stand with --share");
  expect_refused({"load", kUrl, "a", "--share", "--reload"}, "--reload cannot stand with --share");
  expect_refused({"load", kUrl, "a", "--share", "--source-id", "x"}, "--source-id names one input");
  expect_refused({"load", kUrl, "a", "--share", "--indexes", "defer"}, "--indexes defer cannot stand with --share");
  expect_refused({"load", kUrl, "a", "-", "--share"}, "Standard input can be read by one run only");
  expect_refused({"load", kUrl, "a", "/dev/null", "--share"}, "/dev/null can be read by one run only");
  expect_refused({"load", kUrl, "a", "--share-size", "1M"}, "--share-size says how much a run of --share takes");
}

TEST_F(CommandLine, LedgerFlagsThatMakeNoSenseAreRefused) {
  expect_refused({"load", kUrl, "a", "--restart", "--reload"}, "--restart is for a load that is unfinished");
  expect_refused({"load", kUrl, "a", "b", "--source-id", "x"}, "--source-id names one input, and there are 2");
  for (const std::string& name : {std::string(), std::string(51, 'x'), std::string("a\nb"), std::string("\xff")}) {
    expect_refused({"load", kUrl, "a", "--source-id", name}, "--source-id takes a name of 1 to 50 printable");
  }
  std::string fifty;
  for (int i = 0; i < 50; ++i) fifty += "\u00e9";
  EXPECT_EQ(load({"--source-id", fifty}).ledger.source_id, fifty);
  expect_refused({"load", kUrl, "a", "--site", "\xff"}, "--site takes text in UTF-8");
}

TEST_F(CommandLine, ResumeCommandIsTheCommandAgainWithoutTheFlagsOfOneRun) {
  EXPECT_EQ(load({"--restart", "it's", "--site", "", "--since=2016-11-22 12:00:00Z", "--", "--reload"}).resume_command,
            std::string("chatload load ") + kUrl +
                R"( in.gz 'it'\''s' --site '' '--since=2016-11-22 12:00:00Z' -- --reload)");
  EXPECT_EQ(load({"--reload=true", "$HOME"}).resume_command, std::string("chatload load ") + kUrl + " in.gz '$HOME'");
}

TEST_F(CommandLine, ResumeCommandShowsNoSecretOfAUrl) {
  EXPECT_EQ(load({"https://h/a.gz?X-Amz-Signature=s", "https://h/b.gz?v=1"}).resume_command,
            std::string("chatload load ") + kUrl +
                " in.gz https://h/a.gz 'https://h/b.gz?v=1'  # with its URLs as they were given, or new ones");
}

TEST_F(CommandLine, LoadsIsListedAsATableOrAsJson) {
  const auto plan = std::get<LoadsPlan>(parse({"loads", kUrl}));
  EXPECT_EQ(plan.action, LoadsAction::kList);
  EXPECT_EQ(plan.format, ListFormat::kTable);
  EXPECT_EQ(plan.endpoint.host, "db.example");
  EXPECT_EQ(std::get<LoadsPlan>(parse({"loads", kUrl, "--format", "json"})).format, ListFormat::kJson);
  expect_refused({"loads"}, "Name the database with --to");
  EXPECT_EQ(std::get<LoadsPlan>(parse({"loads", "7", kUrl})).load, 7U);
  expect_refused({"loads", "seven", kUrl}, "LOAD takes a whole number");
}

TEST_F(CommandLine, ReleaseTakesALoadAndSomeOfItsSources) {
  const auto all = std::get<LoadsPlan>(parse({"loads", "release", "7", kUrl}));
  EXPECT_EQ(all.action, LoadsAction::kRelease);
  EXPECT_EQ(all.load, 7U);
  EXPECT_TRUE(all.sources.empty());
  const auto some = std::get<LoadsPlan>(parse({"loads", "release", "7", "2", "4", kUrl}));
  EXPECT_EQ(some.sources, (std::vector{SourceOrdinal(2), SourceOrdinal(4)}));
  expect_refused({"loads", "release", kUrl}, "Name the LOAD whose sources to let go of");
  expect_refused({"loads", "release", "7", "0", kUrl}, "SOURCE takes a whole number");
}

TEST_F(CommandLine, ForgetTakesALoadOrAnAge) {
  const auto one = std::get<LoadsPlan>(parse({"loads", "forget", "7", kUrl}));
  EXPECT_EQ(one.action, LoadsAction::kForget);
  EXPECT_EQ(one.load, 7U);
  EXPECT_EQ(one.older_than, std::nullopt);
  const auto old = std::get<LoadsPlan>(parse({"loads", "forget", kUrl, "--older-than", "30d"}));
  EXPECT_EQ(old.load, std::nullopt);
  EXPECT_EQ(old.older_than, std::chrono::hours(720));
  expect_refused({"loads", "forget", kUrl}, "Say what to forget");
  expect_refused({"loads", "forget", kUrl, "7", "--older-than", "1d"}, "Say what to forget");
  expect_refused({"loads", "forget", kUrl, "0"}, "LOAD takes a whole number");
  expect_refused({"loads", kUrl, "forget", "7"}, "--to stands before its command");
}

TEST_F(CommandLine, RejectsNamesALoadAndAPlace) {
  const auto plain = std::get<RejectsPlan>(parse({"rejects", "7", kUrl}));
  EXPECT_EQ(plain.load, 7U);
  EXPECT_FALSE(plain.raw);
  EXPECT_EQ(plain.output, std::nullopt);
  const std::string file = home_ / "r.json.gz";
  const auto plan = std::get<RejectsPlan>(parse({"rejects", kUrl, "--raw", "-o", file, "7"}));
  EXPECT_TRUE(plan.raw);
  EXPECT_EQ(plan.output, file);
  expect_refused({"rejects", kUrl}, "Name the LOAD");
  expect_refused({"rejects", kUrl, "seven"}, "LOAD takes a whole number");
  expect_refused({"rejects", kUrl, "7", "-o", "-"}, "--output takes the path of a file, not -");
  expect_refused({"rejects", kUrl, "7", "-o", home_.path()},
                 "--output " + home_.path().string() + " cannot be written");
  expect_refused({"rejects", kUrl, "7", "-o", home_ / "none/x"}, "--output");
}

TEST_F(CommandLine, ReportNamesALoadAndAPlace) {
  const auto plain = std::get<PagePlan>(parse({"report", "7", kUrl}));
  EXPECT_EQ(plain.load, 7U);
  EXPECT_EQ(plain.output, std::nullopt);
  const std::string file = home_ / "report.html";
  EXPECT_EQ(std::get<PagePlan>(parse({"report", kUrl, "7", "-o", file})).output, file);
  expect_refused({"report", kUrl}, "Name the LOAD to report on");
  expect_refused({"report", kUrl, "7", "-o", "-"}, "--output takes the path of a file, not -");
  expect_refused({"report", "7", "-o", file}, "Name the database with --to");
}

TEST_F(CommandLine, MetricsAndReportAreFilesOfALoad) {
  const std::string one = home_ / "one";
  const std::string other = home_ / "other";
  const LoadPlan plan = load({"--metrics", one, "--report", other});
  EXPECT_EQ(plan.report.metrics, one);
  EXPECT_EQ(plan.report.page, other);
  expect_refused({"load", kUrl, "in.gz", "--metrics", one, "--report", one},
                 "--metrics and --report name the same file");
  expect_refused({"check", "in.gz", "--metrics", one}, "'--metrics' is no flag of `chatload check`");
}

TEST_F(CommandLine, HelpAndVersionEndEarly) {
  EXPECT_EQ(text_of({"--version"}), "chatload " CHATLOAD_VERSION "\n");
  EXPECT_THAT(text_of({"--help"}), AllOf(StartsWith("Usage: chatload COMMAND"), HasSubstr("schema")));
  EXPECT_THAT(text_of({"load", "-h"}), AllOf(StartsWith("Usage: chatload load"), HasSubstr("--on-duplicate")));
  EXPECT_THAT(text_of({"schema", "apply", "--help"}), StartsWith("Usage: chatload schema apply"));
}

TEST_F(CommandLine, HelpStatesTheDefaultsThatHold) {
  const std::string help = text_of({"load", "--help"});
  EXPECT_THAT(help, AllOf(HasSubstr("(default 4M,"), HasSubstr("(default 1M)"), HasSubstr("else skip)"),
                          HasSubstr("(default isal)"), HasSubstr("(default 10s)")));
  EXPECT_EQ(load({}).read.split.range_bytes, load({"--range-size", "4M"}).read.split.range_bytes);
  EXPECT_EQ(load({}).read.split.line_bytes_max, load({"--max-line", "1M"}).read.split.line_bytes_max);
}

}  // namespace
}  // namespace chatload::cli
