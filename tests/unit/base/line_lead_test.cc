#include "base/line_lead.h"

#include <gtest/gtest.h>

#include <string>

namespace chatload {
namespace {

TEST(LineLead, IsNulsAndByteOrderMarksInAnyOrder) {
  const std::string nuls(5, '\0');
  const std::string mark(kByteOrderMark);
  EXPECT_EQ(line_lead_bytes(""), 0u);
  EXPECT_EQ(line_lead_bytes("{" + mark), 0u);
  EXPECT_EQ(line_lead_bytes(" " + nuls), 0u);
  EXPECT_EQ(line_lead_bytes(nuls + "{"), 5u);
  EXPECT_EQ(line_lead_bytes(mark + "{"), 3u);
  EXPECT_EQ(line_lead_bytes(mark + nuls + mark + mark + nuls), 19u);
  EXPECT_EQ(line_lead_bytes(nuls + "\xef\xbb"), 5u);
  EXPECT_EQ(line_lead_bytes("\xef\xbb\xbe"), 0u);
}

}  // namespace
}  // namespace chatload
