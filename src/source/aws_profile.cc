#include "source/aws_profile.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include "base/errors.h"

namespace chatload::source {
namespace {

constexpr std::string_view kDefaultProfile = "default";

std::string home(const Environment& environment) {
  if (const std::string_view set = variable(environment, "HOME"); !set.empty()) return std::string(set);
  const passwd* const account = getpwuid(geteuid());
  return account != nullptr ? account->pw_dir : "/";
}

std::string file_path(const Environment& environment, const char* name, std::string_view otherwise) {
  std::string_view path = variable(environment, name);
  if (path.empty()) path = otherwise;
  return path.starts_with("~/") ? home(environment) + std::string(path.substr(1)) : std::string(path);
}

void merge(AwsSection& into, const AwsSections& sections, std::string_view name) {
  const auto found = sections.find(name);
  if (found == sections.end()) return;
  for (const auto& [key, value] : found->second) into.insert_or_assign(key, value);
}

}  // namespace

std::string_view variable(const Environment& environment, const char* name) {
  const char* const value = environment(name);
  return value != nullptr ? value : std::string_view();
}

AwsProfile read_aws_profile(const Environment& environment) {
  AwsProfile profile{std::string(variable(environment, "AWS_PROFILE")),
                     file_path(environment, "AWS_CONFIG_FILE", "~/.aws/config"),
                     file_path(environment, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")};
  const bool is_named = !profile.name.empty();
  if (!is_named) profile.name = kDefaultProfile;
  const AwsSections config = read_aws_file(profile.config_path);
  const AwsSections credentials = read_aws_file(profile.credentials_path);
  const std::string section = "profile " + profile.name;
  const bool is_default = profile.name == kDefaultProfile;
  if (is_default) merge(profile.values, config, kDefaultProfile);
  merge(profile.values, config, section);
  merge(profile.values, credentials, profile.name);
  if (is_named && !is_default && !config.contains(section) && !credentials.contains(profile.name)) {
    throw UsageError(fmt::format("AWS_PROFILE is `{}`, but neither {} nor {} has that profile; correct it, or unset it",
                                 profile.name, profile.config_path, profile.credentials_path));
  }
  return profile;
}

AwsSection read_aws_services(const AwsProfile& profile) {
  AwsSection services;
  merge(services, read_aws_file(profile.config_path), fmt::format("services {}", value_of(profile.values, "services")));
  return services;
}

}  // namespace chatload::source
