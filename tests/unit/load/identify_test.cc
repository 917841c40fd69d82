#include "load/identify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/errors.h"
#include "base/units.h"
#include "source/held_file.h"
#include "unit/load/load_files.h"

namespace chatload::load {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> names_of(const std::vector<LoadSource>& sources) {
  std::vector<std::string> names;
  for (const LoadSource& source : sources) names.push_back(source.name);
  return names;
}

TEST(DistinctInputs, AFileIsReadOnceWhateverNamesItHas) {
  const LoadFiles files;
  const std::string first = files.write("first", "the same bytes");
  const std::string second = files.write("second", "the same bytes");
  const std::string link = files.path("link");
  const std::string hard_link = files.path("hard_link");
  std::filesystem::create_symlink("first", link);
  std::filesystem::create_hard_link(first, hard_link);
  const std::vector<LoadSource> distinct = distinct_inputs({first, link, second, hard_link, "none", "none", first});
  EXPECT_THAT(names_of(distinct), ElementsAre(first, second, "none"));
  for (std::size_t i = 0; i < distinct.size(); ++i) EXPECT_EQ(distinct[i].input, i);
}

TEST(DistinctInputs, KeepTheOrderInWhichTheyWereGiven) {
  const LoadFiles files;
  const std::string b = files.write("b", "1");
  const std::string a = files.write("a", "2");
  const std::string c = files.write("c", "3");
  EXPECT_THAT(names_of(distinct_inputs({b, c, a, c})), ElementsAre(b, c, a));
  EXPECT_THAT(distinct_inputs({}), IsEmpty());
}

class IdentifyTest : public testing::Test {
 protected:
  [[nodiscard]] static std::vector<LoadSource> sources_of(const std::vector<std::string>& names) {
    return distinct_inputs(names);
  }

  LoadFiles files_;
  source::Opener opener_{{}};
  StopSignal stop_;
};

TEST_F(IdentifyTest, EachSourceGetsTheIdentityOfItsFileAndTheFirstFewStayOpen) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < 5 * LoadSource::kHeldMax; ++i) {
    names.push_back(files_.write(std::to_string(i), std::string(i, 'x')));
  }
  std::vector<LoadSource> sources = sources_of(names);
  identify(sources, opener_, std::nullopt, stop_);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const source::SourceIdentity expected = LoadFiles::identified(names[i]).identity;
    EXPECT_EQ(sources[i].identity.key, expected.key);
    EXPECT_EQ(sources[i].identity.stamp, expected.stamp);
    EXPECT_EQ(sources[i].identity.bytes, i);
    EXPECT_TRUE(sources[i].identity.can_resume);
    EXPECT_EQ(sources[i].why_not, "");
    EXPECT_EQ(sources[i].file != nullptr, i < LoadSource::kHeldMax) << i;
  }
}

TEST_F(IdentifyTest, WhatCannotBeOpenedSaysWhyAndIsKnownByItsName) {
  const std::string missing = files_.path("missing");
  const std::string there = files_.write("there", "text");
  std::vector<LoadSource> sources = sources_of({missing, there, files_.path(".")});
  identify(sources, opener_, std::nullopt, stop_);
  EXPECT_EQ(sources[0].why_not, missing + ": there is no such file; check the path");
  EXPECT_EQ(sources[0].identity.key, "name:" + digest_hex(missing));
  EXPECT_EQ(sources[0].identity.stamp, "");
  EXPECT_EQ(sources[0].identity.bytes, std::nullopt);
  EXPECT_TRUE(sources[0].identity.can_resume);
  EXPECT_EQ(sources[0].file, nullptr);
  EXPECT_EQ(sources[1].why_not, "");
  EXPECT_THAT(sources[1].identity.key, testing::StartsWith("file:"));
  EXPECT_THAT(sources[2].why_not, HasSubstr("is a directory"));
}

TEST_F(IdentifyTest, SourceIdIsItsKey) {
  std::vector<LoadSource> sources = sources_of({files_.write("log", "text")});
  identify(sources, opener_, "export of Tuesday", stop_);
  EXPECT_EQ(sources[0].identity.key, "id:" + digest_hex("export of Tuesday"));
}

TEST_F(IdentifyTest, FileThatIsOpenAlreadyIsTheOneThatIsIdentified) {
  std::vector<LoadSource> sources = sources_of({files_.write("log", "old")});
  const std::string stamp = LoadFiles::identified(sources[0].name).identity.stamp;
  sources[0].file = std::make_shared<const source::HeldFile>(sources[0].name);
  std::filesystem::remove(sources[0].name);
  identify(sources, opener_, std::nullopt, stop_);
  EXPECT_EQ(sources[0].why_not, "");
  EXPECT_EQ(sources[0].identity.bytes, 3U);
  EXPECT_EQ(sources[0].identity.stamp.substr(0, stamp.rfind(':')), stamp.substr(0, stamp.rfind(':')));
}

TEST_F(IdentifyTest, PipesAreKeptWithoutBeingOpenedHoweverMany) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < LoadSource::kHeldMax + 2; ++i) {
    names.push_back(files_.path("pipe " + std::to_string(i)));
    ASSERT_EQ(mkfifo(names.back().c_str(), 0600), 0);
  }
  std::vector<LoadSource> sources = sources_of(names);
  identify(sources, opener_, std::nullopt, stop_);
  for (const LoadSource& source : sources) {
    EXPECT_FALSE(source.identity.can_resume);
    EXPECT_EQ(source.identity.stamp, "");
    EXPECT_NE(source.file, nullptr);
    EXPECT_EQ(source.why_not, "");
  }
}

TEST_F(IdentifyTest, StopLeavesThemAsTheyAre) {
  std::vector<LoadSource> sources = sources_of({files_.write("log", "text")});
  std::raise(SIGTERM);
  identify(sources, opener_, std::nullopt, stop_);
  EXPECT_EQ(sources[0].identity.key, "");
  EXPECT_EQ(sources[0].file, nullptr);
}

class SameContentTest : public testing::Test {
 protected:
  [[nodiscard]] LoadSource source(const std::string& name, std::string_view content) {
    LoadSource source = LoadFiles::identified(files_.write(name, content));
    source.input = inputs_++;
    return source;
  }

  // Of one size, head and tail, with a byte of its own in the middle.
  [[nodiscard]] static std::string content(char middle) {
    std::string text(300 * kKiB, 'x');
    text[150 * kKiB] = middle;
    return text;
  }

  LoadFiles files_;
  std::size_t inputs_ = 0;
  const report::ProgressOptions progress_ = no_progress();
  report::LiveStats stats_;
  StopSignal stop_;
  SameContent same_{progress_, stats_, stop_};
};

TEST_F(SameContentTest, InputWithTheBytesOfOneBeforeItIsFound) {
  EXPECT_EQ(same_.find(source("a", "the same bytes")), std::nullopt);
  EXPECT_EQ(same_.find(source("b", "other bytes")), std::nullopt);
  EXPECT_EQ(same_.find(source("c", "the same bytes")), 0U);
  EXPECT_EQ(same_.find(source("d", "other bytes")), 1U);
  EXPECT_EQ(same_.find(source("e", "the same bytes")), 0U);
}

TEST_F(SameContentTest, EveryByteDecidesWhereSizeHeadAndTailAreTheSame) {
  const LoadSource first = source("a", content('a'));
  const LoadSource second = source("b", content('b'));
  ASSERT_EQ(first.identity.key, second.identity.key);
  EXPECT_EQ(same_.find(first), std::nullopt);
  EXPECT_EQ(same_.find(second), std::nullopt);
  EXPECT_EQ(same_.find(source("c", content('c'))), std::nullopt);
  EXPECT_EQ(same_.find(source("d", content('b'))), 1U);
  EXPECT_EQ(same_.find(source("e", content('a'))), 0U);
}

TEST_F(SameContentTest, EmptyFilesAreTheSame) {
  EXPECT_EQ(same_.find(source("a", "")), std::nullopt);
  EXPECT_EQ(same_.find(source("b", "")), 0U);
}

TEST_F(SameContentTest, NothingIsReadWhereNoIdentityIsTheSame) {
  const LoadSource first = source("a", "a");
  const LoadSource second = source("b", "b");
  std::filesystem::remove(first.name);
  std::filesystem::remove(second.name);
  EXPECT_EQ(same_.find(first), std::nullopt);
  EXPECT_EQ(same_.find(second), std::nullopt);
}

TEST_F(SameContentTest, InputThatCannotBeReadAnyMoreIsAnErrorOfItsOwn) {
  const LoadSource first = source("a", "the same bytes");
  const LoadSource second = source("b", "the same bytes");
  EXPECT_EQ(same_.find(first), std::nullopt);
  std::filesystem::remove(second.name);
  EXPECT_THROW((void)same_.find(second), SourceError);
  EXPECT_EQ(same_.find(source("c", "the same bytes")), 0U);
}

TEST_F(SameContentTest, StopEndsTheComparison) {
  EXPECT_EQ(same_.find(source("a", "the same bytes")), std::nullopt);
  const LoadSource second = source("b", "the same bytes");
  std::raise(SIGTERM);
  EXPECT_THROW((void)same_.find(second), Interrupted);
}

TEST_F(SameContentTest, DigestIsThatOfEveryByte) {
  EXPECT_EQ(same_.digest_of(source("a", content('a')), source::DigestForm::kWhole), digest_hex(content('a')));
}

}  // namespace
}  // namespace chatload::load
