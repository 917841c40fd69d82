#include "source/s3_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/errors.h"
#include "unit/scratch_folder.h"
#include "unit/source/scripted_server.h"

namespace chatload::source {
namespace {

using testing::HasSubstr;
using testing::Not;

class S3SettingsTest : public testing::Test {
 protected:
  S3SettingsTest() {
    std::filesystem::create_directory(folder_ / ".aws");
    variables_["HOME"] = folder_.path();
  }

  void write(const char* name, const std::string& text) { std::ofstream(folder_ / name) << text; }
  [[nodiscard]] S3Settings read() const { return read_s3_settings(environment_of(variables_)); }
  [[nodiscard]] std::string refusal() const {
    try {
      const S3Settings settings = read();
      return "accepted";
    } catch (const UsageError& error) {
      return error.what();
    }
  }

  ScratchFolder folder_;
  Variables variables_;
};

TEST_F(S3SettingsTest, WithoutAnyItIsAwsInItsFirstRegion) {
  const S3Settings settings = read();
  EXPECT_EQ(settings.region, "us-east-1");
  EXPECT_EQ(settings.endpoint, "");
  EXPECT_EQ(settings.sts_endpoint, "");
  EXPECT_EQ(settings.addressing_style, AddressingStyle::kAuto);
  EXPECT_EQ(settings.ca_bundle, "");
  EXPECT_TRUE(settings.use_instance_metadata);
  EXPECT_FALSE(settings.anonymous);
  EXPECT_FALSE(settings.requester_pays);
}

TEST_F(S3SettingsTest, TheRegionIsTheFirstOfTwoVariablesAndTheProfile) {
  write(".aws/config", "[default]\nregion = eu-west-1\n");
  EXPECT_EQ(read().region, "eu-west-1");
  variables_["AWS_DEFAULT_REGION"] = "eu-west-2";
  EXPECT_EQ(read().region, "eu-west-2");
  variables_["AWS_REGION"] = "eu-west-3";
  EXPECT_EQ(read().region, "eu-west-3");
  variables_["AWS_REGION"] = "";
  EXPECT_EQ(read().region, "eu-west-2");
}

TEST_F(S3SettingsTest, ARegionCannotLeaveItsHost) {
  variables_["AWS_REGION"] = "x/@evil";
  EXPECT_THAT(refusal(), HasSubstr("AWS_REGION"));
}

TEST_F(S3SettingsTest, TheProfileIsTheOneNamed) {
  write(".aws/config", "[default]\nregion = a\n[profile dev]\nregion = b\n[profile default]\nca_bundle = /c.pem\n");
  EXPECT_EQ(read().region, "a");
  EXPECT_EQ(read().ca_bundle, "/c.pem");
  variables_["AWS_PROFILE"] = "dev";
  EXPECT_EQ(read().region, "b");
  EXPECT_EQ(read().ca_bundle, "");
}

TEST_F(S3SettingsTest, AProfileThatIsNowhereIsRefused) {
  write(".aws/config", "[dev]\nregion = a\n");
  write(".aws/credentials", "[prod]\naws_access_key_id = a\n");
  variables_["AWS_PROFILE"] = "dev";
  EXPECT_THAT(refusal(), testing::AllOf(HasSubstr("AWS_PROFILE is `dev`"), HasSubstr("/.aws/config"),
                                        HasSubstr("/.aws/credentials")));
  variables_["AWS_PROFILE"] = "prod";
  EXPECT_EQ(refusal(), "accepted");
}

TEST_F(S3SettingsTest, TheFilesMayBeElsewhere) {
  write("config", "[default]\nregion = a\n");
  write("credentials", "[default]\nregion = b\n");
  variables_["AWS_CONFIG_FILE"] = "~/config";
  EXPECT_EQ(read().region, "a");
  variables_["AWS_SHARED_CREDENTIALS_FILE"] = folder_ / "credentials";
  EXPECT_EQ(read().region, "b");
}

TEST_F(S3SettingsTest, TheEndpointIsTheFirstOfFivePlaces) {
  write(".aws/config", "[default]\nendpoint_url = http://5\n");
  EXPECT_EQ(read().endpoint, "http://5");
  write(".aws/config", "[default]\nendpoint_url = http://5\ns3 =\n  endpoint_url = http://4\n");
  EXPECT_EQ(read().endpoint, "http://4");
  write(".aws/config",
        "[default]\nservices = local\nendpoint_url = http://5\ns3 =\n  endpoint_url = http://4\n"
        "[services local]\ns3 =\n  endpoint_url = http://3\n[services other]\ns3 =\n  endpoint_url = http://6\n");
  EXPECT_EQ(read().endpoint, "http://3");
  variables_["AWS_ENDPOINT_URL"] = "http://2";
  EXPECT_EQ(read().endpoint, "http://2");
  variables_["AWS_ENDPOINT_URL_S3"] = "https://1:9000/prefix/";
  EXPECT_EQ(read().endpoint, "https://1:9000/prefix");
}

TEST_F(S3SettingsTest, TheEndpointOfStsIsItsOwn) {
  variables_["AWS_ENDPOINT_URL_S3"] = "http://s3";
  EXPECT_EQ(read().sts_endpoint, "");
  write(".aws/config", "[default]\nservices = local\n[services local]\nsts =\n  endpoint_url = http://3\n");
  EXPECT_EQ(read().sts_endpoint, "http://3");
  variables_["AWS_ENDPOINT_URL"] = "http://2";
  EXPECT_EQ(read().sts_endpoint, "http://2");
  variables_["AWS_ENDPOINT_URL_STS"] = "http://1";
  EXPECT_EQ(read().sts_endpoint, "http://1");
}

TEST_F(S3SettingsTest, WhatIsNoEndpointIsRefusedAndAPasswordNotShown) {
  for (const char* const url : {"localhost:9000", "ftp://host", "http://", "http://host?a", "http://host#a"}) {
    variables_["AWS_ENDPOINT_URL"] = url;
    EXPECT_THAT(refusal(), testing::AllOf(HasSubstr("AWS_ENDPOINT_URL is `"), HasSubstr(url)));
  }
  variables_["AWS_ENDPOINT_URL"] = "http://user:s3cr3t@host";
  EXPECT_THAT(refusal(), testing::AllOf(HasSubstr("AWS_ENDPOINT_URL"), Not(HasSubstr("s3cr3t"))));
}

TEST_F(S3SettingsTest, TheAddressingStyleIsTheProfiles) {
  const auto style = [this](const std::string& word) {
    write(".aws/config", "[default]\ns3 =\n  addressing_style = " + word + "\n");
    return read().addressing_style;
  };
  EXPECT_EQ(style("auto"), AddressingStyle::kAuto);
  EXPECT_EQ(style("path"), AddressingStyle::kPath);
  EXPECT_EQ(style("virtual"), AddressingStyle::kVirtualHost);
  EXPECT_THROW(static_cast<void>(style("hosted")), UsageError);
}

TEST_F(S3SettingsTest, TheRestIsAVariableEach) {
  variables_["AWS_CA_BUNDLE"] = "/ca.pem";
  variables_["AWS_EC2_METADATA_DISABLED"] = "True";
  EXPECT_EQ(read().ca_bundle, "/ca.pem");
  EXPECT_FALSE(read().use_instance_metadata);
  variables_["AWS_EC2_METADATA_DISABLED"] = "false";
  EXPECT_TRUE(read().use_instance_metadata);
}

TEST(AwsDomain, IsChinasOwnThere) {
  EXPECT_EQ(aws_domain("eu-west-1"), "amazonaws.com");
  EXPECT_EQ(aws_domain("cn-north-1"), "amazonaws.com.cn");
}

}  // namespace
}  // namespace chatload::source
