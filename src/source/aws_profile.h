// The profile of AWS's tools that is in use: what its sections in the two files say.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "source/aws_file.h"

namespace chatload::source {

// As std::getenv: nullptr where a variable is not set.
using Environment = std::function<const char*(const char*)>;

// A variable's value; empty where it is not set.
[[nodiscard]] std::string_view variable(const Environment& environment, const char* name);

struct AwsProfile {
  std::string name;
  std::string config_path;
  std::string credentials_path;
  AwsSection values = {};  // of the configuration file, and over them those of the credentials file
};

// The profile that AWS_PROFILE names, else `default`, of which nothing need be there. Throws UsageError where neither
// file has the one that is named.
[[nodiscard]] AwsProfile read_aws_profile(const Environment& environment);

// The values of "[services NAME]", which the profile names; empty where it names none.
[[nodiscard]] AwsSection read_aws_services(const AwsProfile& profile);

}  // namespace chatload::source
