#include "write/row_pace.h"

#include <gtest/gtest.h>

namespace chatload::write {
namespace {

using std::chrono::seconds;

TEST(RowPace, AStatementThatTookLongHalvesTheNextOneDownToARow) {
  RowPace pace;
  EXPECT_EQ(pace.rows_max(), RowPace::kRowsMax);
  EXPECT_TRUE(pace.took(1'000, seconds(60), false));
  EXPECT_EQ(pace.rows_max(), 500u);
  EXPECT_TRUE(pace.took(3, seconds(16), true));
  EXPECT_EQ(pace.rows_max(), 1u);
  EXPECT_FALSE(pace.took(1, seconds(60), true));
  EXPECT_EQ(pace.rows_max(), 1u);
}

TEST(RowPace, AFullStatementThatTookLittleDoublesTheNextOneUpToWhatThereWas) {
  RowPace pace;
  EXPECT_TRUE(pace.took(10'000, seconds(16), true));
  EXPECT_FALSE(pace.took(4'000, seconds(1), true));
  EXPECT_EQ(pace.rows_max(), 5'000u);
  EXPECT_FALSE(pace.took(5'000, seconds(2), false));  // a lock that was waited for
  EXPECT_EQ(pace.rows_max(), 5'000u);
  EXPECT_FALSE(pace.took(5'000, seconds(1), true));
  EXPECT_EQ(pace.rows_max(), RowPace::kRowsMax);
  EXPECT_FALSE(pace.took(10'000, seconds(1), true));
  EXPECT_EQ(pace.rows_max(), RowPace::kRowsMax);
}

TEST(RowPace, InBetweenItStays) {
  RowPace pace;
  EXPECT_TRUE(pace.took(1'000, seconds(20), true));
  EXPECT_FALSE(pace.took(500, seconds(10), true));
  EXPECT_EQ(pace.rows_max(), 500u);
}

}  // namespace
}  // namespace chatload::write
