#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/errors.h"
#include "base/stop_signal.h"
#include "base/units.h"
#include "cli/flags.h"
#include "cli/plan.h"

namespace chatload::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

constexpr std::uint64_t kLoad = 7;

Flags flags() {
  Flags flags;
  flags.inputs = {"in.gz"};
  flags.to = "mysql://me@db.example/chat";
  return flags;
}

// Every decisive setting given, none at its default.
Flags all_flags() {
  Flags all = flags();
  all.on_duplicate = "replace";
  all.types = {"typing", "message", "typing"};
  all.sites = {"9", "a\"\\\t\x7f\u00e9", ""};
  all.since = "2016-11-22T12:00:00Z";
  all.until = "2016-11-23";
  all.range_size = "64K";
  all.max_line = "2M";
  all.order = "key";
  all.indexes = "defer";
  return all;
}

LoadPlan load_plan(const Flags& flags) {
  const StopSignal stop;
  return make_load_plan(flags, stop);
}

void expect_all(const LoadPlan& plan) {
  EXPECT_EQ(plan.write.on_duplicate, OnDuplicate::kReplace);
  EXPECT_THAT(plan.read.filter.values_of("type"), ElementsAre("message", "typing"));
  EXPECT_THAT(plan.read.filter.values_of("site_id"), ElementsAre("", "9", "a\"\\\t\x7f\u00e9"));
  EXPECT_EQ(plan.read.filter.since_seconds, 1479816000);
  EXPECT_EQ(plan.read.filter.until_seconds, 1479859200);
  EXPECT_EQ(plan.read.split.range_bytes, 64 * kKiB);
  EXPECT_EQ(plan.read.split.line_bytes_max, 2 * kMiB);
  EXPECT_EQ(plan.write.order, RowOrder::kKey);
  EXPECT_EQ(plan.write.indexes, IndexMode::kDefer);
}

// The sentence with which `given` is refused against what `recorded` asked for.
std::string refusal(const Flags& given, const Flags& recorded) {
  try {
    (void)resumed_plan(load_plan(given), recorded_plan(load_plan(recorded)), kLoad, "--restart");
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(RecordedPlan, DefaultsAreRecordedSinceTheyMayChange) {
  EXPECT_EQ(recorded_plan(load_plan(flags())),
            "on-duplicate = \"skip\"\ntype = [\"message\", \"status\"]\nrange-size = 4194304\nmax-line = 1048576\n");
}

TEST(RecordedPlan, EverySettingIsRecordedInItsCanonicalForm) {
  EXPECT_EQ(recorded_plan(load_plan(all_flags())),
            "on-duplicate = \"replace\"\ntype = [\"message\", \"typing\"]\n"
            "site = [\"\", \"9\", \"a\\\"\\\\\\u0009\\u007F\u00e9\"]\n"
            "since = 1479816000\nuntil = 1479859200\nrange-size = 65536\nmax-line = 2097152\norder = \"key\"\n"
            "indexes = \"defer\"\n");
}

TEST(RecordedPlan, SettingsThatDoNotDecideTheOutcomeAreNot) {
  Flags other = flags();
  other.threads = "3";
  other.connections = "2";
  other.memory = "512M";
  other.inflater = "zlib";
  other.max_rejects = "5";
  other.fail_fast = "true";
  EXPECT_EQ(recorded_plan(load_plan(other)), recorded_plan(load_plan(flags())));
}

TEST(RecordedPlan, WhatIsNotGivenIsTakenFromTheRecord) {
  const std::string recorded = recorded_plan(load_plan(all_flags()));
  const LoadPlan resumed = resumed_plan(load_plan(flags()), recorded, kLoad, "--restart");
  expect_all(resumed);
  EXPECT_EQ(recorded_plan(resumed), recorded);
}

TEST(RecordedPlan, WhatIsNotRecordedStaysAsItIsWanted) {
  Flags wanted = flags();
  wanted.threads = "3";
  wanted.connections = "2";
  wanted.source_id = "nightly";
  const LoadPlan resumed = resumed_plan(load_plan(wanted), recorded_plan(load_plan(all_flags())), kLoad, "--restart");
  EXPECT_EQ(resumed.read.threads, 3U);
  EXPECT_EQ(resumed.write.connections, 2U);
  EXPECT_EQ(resumed.ledger.source_id, "nightly");
  EXPECT_THAT(resumed.inputs, ElementsAre("in.gz"));
}

TEST(RecordedPlan, TheSameGivenAgainInOtherWordsResumes) {
  Flags again = all_flags();
  again.types = {"message", "typing"};
  again.since = "1479816000";
  again.range_size = "65536";
  EXPECT_THAT(refusal(again, all_flags()), IsEmpty());
  expect_all(resumed_plan(load_plan(again), recorded_plan(load_plan(all_flags())), kLoad, "--restart"));
}

TEST(RecordedPlan, DefaultThatIsGivenAgainstAnotherRecordIsRefused) {
  Flags given = flags();
  given.on_duplicate = "skip";
  EXPECT_EQ(refusal(given, all_flags()),
            "--on-duplicate is now skip, but load 7 of this source began with replace; leave --on-duplicate out to "
            "keep to that, or start over with --restart.");
}

TEST(RecordedPlan, EverySettingThatDiffersIsRefusedByName) {
  Flags since = flags(), until = flags(), type = flags(), site = flags(), range = flags(), line = flags(),
        order = flags(), indexes = flags();
  since.since = "2016-11-21";
  until.until = "2016-11-24";
  type.types = {"message"};
  site.sites = {"9"};
  range.range_size = "1M";
  line.max_line = "1M";
  order.order = "file";
  indexes.indexes = "keep";
  const std::vector<std::pair<Flags, std::string>> cases = {
      {since, "--since is now 2016-11-21T00:00:00Z, but load 7 of this source began with 2016-11-22T12:00:00Z;"},
      {until, "--until is now 2016-11-24T00:00:00Z, but"},
      {type, "--type is now message, but load 7 of this source began with message, typing;"},
      {site, "--site is now 9, but"},
      {range, "--range-size is now 1 MiB, but load 7 of this source began with 64 KiB;"},
      {line, "--max-line is now 1 MiB, but load 7 of this source began with 2 MiB;"},
      {order, "--order is now file, but load 7 of this source began with key;"},
      {indexes, "--indexes is now keep, but load 7 of this source began with defer;"}};
  for (const auto& [given, beginning] : cases) {
    EXPECT_THAT(refusal(given, all_flags()), AllOf(testing::StartsWith(beginning), EndsWith("with --restart.")));
  }
}

TEST(RecordedPlan, SettingThatTheRecordLacksDiffers) {
  Flags given = flags();
  given.sites = {"9"};
  EXPECT_THAT(refusal(given, flags()),
              HasSubstr("--site is now 9, but load 7 of this source began with no restriction"));
  given = flags();
  given.since = "0";
  EXPECT_THAT(refusal(given, flags()), HasSubstr("--since is now 1970-01-01T00:00:00Z, but"));
}

TEST(RecordedPlan, WhatOnlySaysOfAColumnIsComparedWithWhatItsFlagSaid) {
  Flags type = flags(), site = flags(), other = flags();
  type.only = {"type=status"};
  site.only = {"site_id=9"};
  other.only = {"from=v"};
  EXPECT_THAT(refusal(type, all_flags()),
              HasSubstr("--type is now status, but load 7 of this source began with message"));
  EXPECT_THAT(refusal(site, all_flags()), HasSubstr("--site is now 9, but"));
  EXPECT_THAT(refusal(other, all_flags()), HasSubstr("--only is now from=v, but load 7 of this source began with no"));
  EXPECT_THAT(refusal(other, other), IsEmpty());
  type.only.clear();
  type.types = {"message"};
  Flags same = flags();
  same.only = {"type=message"};
  EXPECT_THAT(refusal(same, type), IsEmpty());
}

TEST(RecordedPlan, AutoNeverDiffersAndTakesWhatWasDecided) {
  Flags given = flags();
  given.order = "auto";
  given.indexes = "auto";
  EXPECT_THAT(refusal(given, all_flags()), IsEmpty());
  const LoadPlan resumed = resumed_plan(load_plan(given), recorded_plan(load_plan(all_flags())), kLoad, "--restart");
  EXPECT_EQ(resumed.write.order, RowOrder::kKey);
  EXPECT_EQ(resumed.write.indexes, IndexMode::kDefer);
}

TEST(RecordedPlan, LoadOfBeforeThereWereTheSettingsIsInFileOrderAndKeepsItsIndexes) {
  const std::string recorded = "on-duplicate = \"skip\"\nrange-size = 4194304\nmax-line = 1048576\n";
  const LoadPlan resumed = resumed_plan(load_plan(flags()), recorded, kLoad, "--restart");
  EXPECT_EQ(resumed.write.order, RowOrder::kFile);
  EXPECT_EQ(resumed.write.indexes, IndexMode::kKeep);
}

TEST(RecordedPlan, LoadThatFellBackGoesOnSoWhateverIsAskedFor) {
  Flags asked = flags(), fell_back = flags();
  asked.order = "key";
  asked.indexes = "defer";
  fell_back.order = "file";
  fell_back.indexes = "keep";
  EXPECT_THAT(refusal(asked, fell_back), IsEmpty());
  const LoadPlan resumed = resumed_plan(load_plan(asked), recorded_plan(load_plan(fell_back)), kLoad, "--restart");
  EXPECT_EQ(resumed.write.order, RowOrder::kFile);
  EXPECT_EQ(resumed.write.indexes, IndexMode::kKeep);
}

TEST(RecordedPlan, OfALoadThatIsDoneOnlyWhatDecidedItsOutcomeIsCompared) {
  const std::string recorded = recorded_plan(load_plan(all_flags()));
  Flags given = flags();
  given.order = "file";
  given.indexes = "keep";
  EXPECT_NO_THROW(require_same_outcome(load_plan(given), recorded, kLoad, "--reload"));
  given.max_line = "1M";
  EXPECT_THAT([&] { require_same_outcome(load_plan(given), recorded, kLoad, "--reload"); },
              ThrowsMessage<UsageError>(AllOf(HasSubstr("--max-line"), EndsWith("with --reload."))));
}

TEST(RecordedPlan, SettingOfANewerChatloadIsRefused) {
  const LoadPlan plan = load_plan(flags());
  for (const char* recorded : {"table = \"t\"\n", "[load]\nsince = 1\n", "since = [1, 2]\n"}) {
    EXPECT_THAT([&] { (void)resumed_plan(plan, recorded, kLoad, "--restart"); },
                ThrowsMessage<LoadError>(AllOf(HasSubstr("Load 7 was recorded by a newer chatload"), EndsWith("."))));
  }
}

TEST(RecordedPlan, RecordThatCannotBeReadIsADamagedLedgerAndNoWrongUsage) {
  const LoadPlan plan = load_plan(flags());
  for (const char* recorded : {"", "on-duplicate = \"skip\"\nrange-size = 4194304\n", "on-duplicate = \"skip",
                               "on-duplicate = \"x\"\nrange-size = 4194304\nmax-line = 1048576\n",
                               "on-duplicate = \"skip\"\nrange-size = -1\nmax-line = 1048576\n"}) {
    EXPECT_THAT([&] { require_same_outcome(plan, recorded, kLoad, "--reload"); },
                ThrowsMessage<LoadError>(AllOf(HasSubstr("`plan` of load 7"), EndsWith("over with --reload."))))
        << recorded;
  }
}

TEST(RecordedPlan, InstantsBeyondTheCalendarStayExact) {
  Flags far = flags();
  far.since = "-9223372036854775807";
  far.until = "9223372036854775806";
  const LoadPlan resumed = resumed_plan(load_plan(flags()), recorded_plan(load_plan(far)), kLoad, "--restart");
  EXPECT_EQ(resumed.read.filter.since_seconds, -INT64_MAX);
  EXPECT_EQ(resumed.read.filter.until_seconds, INT64_MAX - 1);
}

}  // namespace
}  // namespace chatload::cli
