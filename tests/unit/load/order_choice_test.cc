#include "load/order_choice.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "base/units.h"
#include "unit/scratch_folder.h"

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

class InputSampleTest : public testing::Test {
 protected:
  InputSample sample(const std::string& content, std::uint64_t times_the_size = 1) {
    const std::string path = (folder_ / "log.json").string();
    std::ofstream(path) << content;
    cli::ReadPlan read;
    read.filter.types = {"message"};
    const StopSignal stop;
    return sample_input(source::HeldFile(path), read, parse::chat_mapping(), times_the_size * content.size(), stop);
  }

  static std::string line(const std::string& id, const std::string& type = "message") {
    return fmt::format(R"({{"id":"{}","type":"{}","from":"v","site_id":"3","timestamp":7,"data":{{"message":"m"}}}})"
                       "\n",
                       id, type);
  }

  ScratchFolder folder_;
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
  expect_choice(choose_order(sampled), RowOrder::kKey, "none of its first 2 lines is loaded");
  EXPECT_GT(spill_bytes_estimate(sampled), 100'000 * line("b", "typing").size());
}

}  // namespace
}  // namespace chatload::load
