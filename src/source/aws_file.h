// The files of AWS's command line and SDKs, ~/.aws/config and ~/.aws/credentials ("Shared config and credentials files
// format" of the AWS SDKs and Tools Reference Guide).
#pragma once

#include <filesystem>
#include <istream>
#include <map>
#include <string>
#include <string_view>

namespace chatload::source {

// Names in lower case. A nested block's values have the names of both levels: "s3.addressing_style".
using AwsSection = std::map<std::string, std::string, std::less<>>;

// By what stands between the brackets, without quotes and with one space between words: "default", "profile dev",
// "services local".
using AwsSections = std::map<std::string, AwsSection, std::less<>>;

// Of a name that is there twice, the last value counts. Lines that are none of the format are passed over.
[[nodiscard]] AwsSections read_aws_sections(std::istream& text);

// A file that is not there or cannot be read holds nothing.
[[nodiscard]] AwsSections read_aws_file(const std::filesystem::path& path);

// Empty where the section has no such value.
[[nodiscard]] std::string_view value_of(const AwsSection& section, std::string_view name);

}  // namespace chatload::source
