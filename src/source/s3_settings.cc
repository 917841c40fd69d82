// Of several places the first that says something counts: variables, then the profile. Names and order are those of
// "Settings reference" in the AWS SDKs and Tools Reference Guide.
#include "source/s3_settings.h"

#include <fmt/format.h>
#include <strings.h>

#include <initializer_list>

#include "base/errors.h"

namespace chatload::source {
namespace {

constexpr std::string_view kDefaultRegion = "us-east-1";

// A value, and what it is called where the user set it.
struct Setting {
  std::string name;
  std::string_view value;
};

Setting first_set(std::initializer_list<Setting> settings) {
  for (const Setting& one : settings) {
    if (!one.value.empty()) return one;
  }
  return {};
}

// The value itself is not shown where it may hold a password.
std::string checked_endpoint(const Setting& setting) {
  std::string_view url = setting.value;
  if (url.empty()) return {};
  if (url.find('@') != std::string_view::npos) {
    throw UsageError(
        fmt::format("{} has a user or password in its URL; take it out, S3 requests are signed instead", setting.name));
  }
  const std::size_t host = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  if (host == 0 || url.size() == host || url.find_first_of("?# ") != std::string_view::npos) {
    throw UsageError(fmt::format("{} is `{}`, which is no endpoint; write it as http://host:port or https://host",
                                 setting.name, url));
  }
  while (url.ends_with('/')) url.remove_suffix(1);
  return std::string(url);
}

AddressingStyle addressing_style(const AwsProfile& profile) {
  const std::string_view style = value_of(profile.values, "s3.addressing_style");
  if (style.empty() || style == "auto") return AddressingStyle::kAuto;
  if (style == "path") return AddressingStyle::kPath;
  if (style == "virtual") return AddressingStyle::kVirtualHost;
  throw UsageError(fmt::format("addressing_style of profile `{}` in {} is `{}`; set it to auto, path or virtual",
                               profile.name, profile.config_path, style));
}

// It becomes part of a host name.
std::string checked_region(std::string_view region) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
  if (region.empty()) return std::string(kDefaultRegion);
  if (region.find_first_not_of(kAllowed) != std::string_view::npos) {
    throw UsageError(fmt::format("`{}` is no AWS region; set AWS_REGION to one, such as eu-west-1", region));
  }
  return std::string(region);
}

}  // namespace

std::string_view aws_domain(std::string_view region) {
  return region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
}

S3Settings read_s3_settings(const Environment& environment) {
  const AwsProfile profile = read_aws_profile(environment);
  const AwsSection services = read_aws_services(profile);
  const auto from_variable = [&](const char* name) { return Setting{name, variable(environment, name)}; };
  const auto from_profile = [&](const AwsSection& section, std::string_view name) {
    return Setting{fmt::format("{} in {}", name, profile.config_path), value_of(section, name)};
  };
  const Setting region = first_set(
      {from_variable("AWS_REGION"), from_variable("AWS_DEFAULT_REGION"), from_profile(profile.values, "region")});
  const Setting endpoint =
      first_set({from_variable("AWS_ENDPOINT_URL_S3"), from_variable("AWS_ENDPOINT_URL"),
                 from_profile(services, "s3.endpoint_url"), from_profile(profile.values, "s3.endpoint_url"),
                 from_profile(profile.values, "endpoint_url")});
  const Setting sts_endpoint =
      first_set({from_variable("AWS_ENDPOINT_URL_STS"), from_variable("AWS_ENDPOINT_URL"),
                 from_profile(services, "sts.endpoint_url"), from_profile(profile.values, "endpoint_url")});

  S3Settings settings;
  settings.region = checked_region(region.value);
  settings.endpoint = checked_endpoint(endpoint);
  settings.sts_endpoint = checked_endpoint(sts_endpoint);
  settings.addressing_style = addressing_style(profile);
  settings.ca_bundle = first_set({from_variable("AWS_CA_BUNDLE"), from_profile(profile.values, "ca_bundle")}).value;
  settings.use_instance_metadata =
      strcasecmp(std::string(variable(environment, "AWS_EC2_METADATA_DISABLED")).c_str(), "true") != 0;
  return settings;
}

}  // namespace chatload::source
