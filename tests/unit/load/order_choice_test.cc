#include "load/order_choice.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/units.h"
#include "mapping/mapping_file.h"
#include "unit/load/load_files.h"

namespace chatload::load {
namespace {

using testing::HasSubstr;

constexpr InputSample kUnsorted{.lines = 60'000,
                                .rows = 60'000,
                                .ascending_share = 0.5,
                                .rows_estimate = 8'000'000,
                                .bytes_estimate = 8'000'000 * 140ULL};

void expect_choice(const OrderChoice& choice, RowOrder order, const std::string& why) {
  EXPECT_EQ(choice.order, order) << choice.why;
  EXPECT_THAT(choice.why, HasSubstr(why));
}

TEST(OrderChoice, ManyRowsWhoseIdsComeInNoOrderAreSorted) {
  expect_choice(choose_order(kUnsorted), RowOrder::kKey, "about 8,000,000 rows");
}

TEST(OrderChoice, AscendingIdsStayInFileOrder) {
  InputSample sorted = kUnsorted;
  sorted.ascending_share = 0.999;
  expect_choice(choose_order(sorted), RowOrder::kFile, "ascend");
}

TEST(OrderChoice, FewRowsStayInFileOrder) {
  InputSample few = kUnsorted;
  few.rows_estimate = 100'000;
  expect_choice(choose_order(few), RowOrder::kFile, "few rows");
}

TEST(OrderChoice, InputWhoseBeginningHasNoRecordIsSortedUnlessItIsSmall) {
  InputSample around = {.rows_estimate = 1'000'000, .bytes_estimate = 500'000'000};
  expect_choice(choose_order(around), RowOrder::kKey, "no record is in the part that was looked at");
  around.rows_estimate = 1'000;
  expect_choice(choose_order(around), RowOrder::kFile, "few rows");
}

class InputSampleTest : public testing::Test {
 protected:
  // Of one source of that content, as if it were so many times as large.
  InputSample sample(const std::string& content, std::uint64_t times_the_size = 1) {
    return sample_all({content}, times_the_size);
  }

  InputSample sample_all(const std::vector<std::string>& contents, std::uint64_t times_the_size = 1) {
    std::vector<LoadSource> sources;
    for (const std::string& content : contents) {
      LoadSource& source =
          sources.emplace_back(LoadFiles::identified(files_.write(std::to_string(sources.size()), content)));
      *source.identity.bytes *= times_the_size;
    }
    std::vector<LoadSource*> sampled;
    for (LoadSource& source : sources) sampled.push_back(&source);
    cli::ReadPlan read;
    read.filter.set_values("type", {"message"});
    const StopSignal stop;
    return sample_sources(sampled, read, mapping::chat_mapping(), stop);
  }

  static std::string line(const std::string& id, const std::string& type = "message") {
    return fmt::format(R"({{"id":"{}","type":"{}","from":"v","site_id":"3","timestamp":7,"data":{{"message":"m"}}}})"
                       "\n",
                       id, type);
  }

  LoadFiles files_;
};

TEST_F(InputSampleTest, CountsValidRowsAndThoseThatAscend) {
  const InputSample sampled = sample(line("b") + "bad\n" + line("a") + line("c") + line("c"));
  EXPECT_EQ(sampled.rows, 4U);
  EXPECT_EQ(sampled.rows_estimate, 4U);
  EXPECT_DOUBLE_EQ(sampled.ascending_share, 0.5);
}

TEST_F(InputSampleTest, EstimatesTheWholeFromItsSize) {
  const InputSample sampled = sample(line("b") + line("a"), 100);
  EXPECT_EQ(sampled.rows_estimate, 200U);
  // id, from, type, site, text of one character each but the type of seven, and a time of four bytes.
  EXPECT_EQ(sampled.bytes_estimate, 200U * (1 + 1 + 7 + 1 + 1 + 4));
}

TEST_F(InputSampleTest, OfAnInputWithoutRowsCountsEachLineAsOneOfAllItsBytes) {
  const InputSample sampled = sample("bad\n\nworse\n", 100);
  EXPECT_EQ(sampled.rows, 0U);
  EXPECT_EQ(sampled.lines, 2U);
  EXPECT_EQ(sampled.rows_estimate, 200U);
  EXPECT_EQ(sampled.bytes_estimate, 1100U);
}

TEST_F(InputSampleTest, CountsRejectedLinesAsWhatTheSpillTakesForThem) {
  const std::string rejected(500, 'x');
  const InputSample sampled = sample(line("a", "message") + rejected + "\n" + rejected + "\n", 100);
  EXPECT_EQ(sampled.rows_estimate, 100U);
  EXPECT_EQ(sampled.rejected_bytes_estimate, 2 * 100 * (rejected.size() + 48));
  EXPECT_GT(spill_bytes_estimate(sampled), sampled.bytes_estimate + sampled.rejected_bytes_estimate);
}

TEST_F(InputSampleTest, OfAnInputOfNoLinesIsNothing) {
  const InputSample sampled = sample("\n \n");
  EXPECT_EQ(sampled.rows_estimate, 0U);
  expect_choice(choose_order(sampled), RowOrder::kFile, "few rows");
}

TEST_F(InputSampleTest, OfManyLinesThatAreFilteredLeavesTheOrderOfTheRestUnknownSoThatItIsSorted) {
  const InputSample sampled = sample(line("b", "typing") + line("a", "typing"), 100'000);
  EXPECT_EQ(sampled.rows, 0U);
  expect_choice(choose_order(sampled), RowOrder::kKey, "none of the first 2 lines that were looked at is loaded");
  EXPECT_GT(spill_bytes_estimate(sampled), 100'000 * line("b", "typing").size());
}

TEST_F(InputSampleTest, OfSeveralSourcesIsOfAllOfThemByTheirSizes) {
  const InputSample sampled = sample_all({line("a") + line("b"), line("c") + "bad\n", "\n", line("d")}, 100);
  EXPECT_EQ(sampled.rows, 4U);
  EXPECT_EQ(sampled.lines, 5U);
  EXPECT_EQ(sampled.rows_estimate, 400U);
  EXPECT_DOUBLE_EQ(sampled.ascending_share, 1);
}

TEST_F(InputSampleTest, SourcesThatAscendOneBehindTheOtherAscend) {
  std::vector<std::string> sources;
  for (int source = 0; source < 10; ++source) {
    std::string content;
    for (int row = 0; row < 50; ++row) content += line(fmt::format("{:02}-{:02}", source, row));
    sources.push_back(std::move(content));
  }
  EXPECT_DOUBLE_EQ(sample_all(sources).ascending_share, 1);
  std::reverse(sources.begin(), sources.end());
  EXPECT_DOUBLE_EQ(sample_all(sources).ascending_share, 0) << "none begins behind the one before";
}

// A host's ids each: the rows of each source ascend, and those of all of them come in no order.
TEST_F(InputSampleTest, SourcesThatAscendSideBySideComeInNoOrderTogether) {
  std::vector<std::string> sources;
  for (int source = 0; source < 10; ++source) {
    std::string content;
    for (int row = 0; row < 50; ++row) content += line(fmt::format("{:02}-{:02}", row, source * 7 % 10));
    sources.push_back(std::move(content));
  }
  InputSample sampled = sample_all(sources);
  EXPECT_EQ(sampled.rows, 500U);
  EXPECT_LT(sampled.ascending_share, 0.01);
  sampled.rows_estimate = 8'000'000;
  expect_choice(choose_order(sampled), RowOrder::kKey, "come in no order");
}

TEST_F(InputSampleTest, OfManySourcesSomeSpreadOverAllOfThemAreRead) {
  std::vector<std::string> sources(100, line("a") + line("b"));
  for (std::size_t source = 50; source < 100; ++source) sources[source] = line("c") + line("d");
  const InputSample sampled = sample_all(sources);
  EXPECT_EQ(sampled.rows, 2U * 16);
  EXPECT_EQ(sampled.rows_estimate, 200U);
  EXPECT_DOUBLE_EQ(sampled.ascending_share, 1.0 / 15) << "one of 15 seams ascends";
}

}  // namespace
}  // namespace chatload::load
