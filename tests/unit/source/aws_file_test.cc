#include "source/aws_file.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace chatload::source {
namespace {

AwsSections sections_of(const std::string& text) {
  std::istringstream stream(text);
  return read_aws_sections(stream);
}

TEST(AwsFile, HasSectionsOfValues) {
  EXPECT_EQ(sections_of("[default]\nregion = eu-west-1\noutput=json\n\n[profile dev]\nregion=us-west-2\n"),
            (AwsSections{{"default", {{"region", "eu-west-1"}, {"output", "json"}}},
                         {"profile dev", {{"region", "us-west-2"}}}}));
}

TEST(AwsFile, ABlockNestsUntilALineBeginsAtItsBeginning) {
  EXPECT_EQ(
      sections_of("[default]\ns3 =\n  addressing_style = path\n\n\tendpoint_url=http://a\nregion = x\n"
                  "[services local]\ns3 =\n  endpoint_url = http://b\nsts=\n  endpoint_url = http://c\n"),
      (AwsSections{
          {"default", {{"s3", ""}, {"s3.addressing_style", "path"}, {"s3.endpoint_url", "http://a"}, {"region", "x"}}},
          {"services local",
           {{"s3", ""}, {"s3.endpoint_url", "http://b"}, {"sts", ""}, {"sts.endpoint_url", "http://c"}}}}));
}

TEST(AwsFile, ABlockEndsWithItsSection) {
  EXPECT_EQ(sections_of("[a]\ns3 =\n[b]\n  region = x\n"),
            (AwsSections{{"a", {{"s3", ""}}}, {"b", {{"region", "x"}}}}));
}

TEST(AwsFile, CommentsAreLeftOut) {
  EXPECT_EQ(sections_of("# a\n; b\n[default] # c\n  # d\nregion = x # e\nkey = a#b;c ; d\n"),
            (AwsSections{{"default", {{"region", "x"}, {"key", "a#b;c"}}}}));
}

TEST(AwsFile, NamesAreReadAsToolsWriteThem) {
  EXPECT_EQ(sections_of("\xEF\xBB\xBF[ profile  \"my name\" ]\r\nREGION = x\r\nkey = a=b\r\n"),
            (AwsSections{{"profile my name", {{"region", "x"}, {"key", "a=b"}}}}));
}

TEST(AwsFile, TheLastValueCountsAndOtherLinesArePassedOver) {
  EXPECT_EQ(sections_of("region = before\n[a]\nregion = x\nnonsense\n[a]\nregion = y\n"),
            (AwsSections{{"a", {{"region", "y"}}}}));
}

TEST(AwsFile, OneThatIsNotThereHoldsNothing) { EXPECT_EQ(read_aws_file("/no/such/file"), AwsSections()); }

}  // namespace
}  // namespace chatload::source
