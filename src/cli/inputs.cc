#include "cli/inputs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "base/errors.h"

namespace chatload::cli {
namespace {

constexpr const char* kSchemeCharacters = "abcdefghijklmnopqrstuvwxyz0123456789+-.";

void append_matches(std::vector<std::string>& inputs, const std::string& pattern) {
  glob_t matches{};
  const int result = glob(pattern.c_str(), GLOB_NOSORT, nullptr, &matches);
  const auto first = static_cast<std::ptrdiff_t>(inputs.size());
  if (result == 0) inputs.insert(inputs.end(), matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
  globfree(&matches);
  if (result != 0) throw UsageError(fmt::format("No file matches '{}'.", pattern));
  // chat-9 before chat-10.
  std::sort(inputs.begin() + first, inputs.end(), [](const std::string& a, const std::string& b) {
    const int order = ::strverscmp(a.c_str(), b.c_str());
    return order != 0 ? order < 0 : a < b;
  });
}

// "ftp://", and no file.
bool has_other_scheme(const std::string& argument) {
  const std::size_t end = argument.find("://");
  std::error_code error;
  return end != std::string::npos && end > 0 && argument.find_first_not_of(kSchemeCharacters) == end &&
         !std::filesystem::exists(argument, error);
}

bool is_open_for_reading(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  return flags >= 0 && (flags & O_ACCMODE) != O_WRONLY;
}

}  // namespace

std::vector<std::string> expand_inputs(const std::vector<std::string>& arguments, source::Opener& opener) {
  std::vector<std::string> inputs;
  for (const std::string& argument : arguments) {
    std::error_code error;
    const bool is_pattern = argument.find_first_of("*?[") != std::string::npos;
    if (source::is_remote(argument)) {
      const std::vector<std::string> names = opener.expand(argument);
      inputs.insert(inputs.end(), names.begin(), names.end());
    } else if (has_other_scheme(argument)) {
      throw UsageError(fmt::format("INPUT {} cannot be read: URLs are s3://, http:// or https://.", argument));
    } else if (is_pattern && !std::filesystem::exists(std::filesystem::symlink_status(argument, error))) {
      append_matches(inputs, argument);
    } else {
      inputs.push_back(argument);
    }
  }
  if (std::find(inputs.begin(), inputs.end(), "") != inputs.end()) {
    throw UsageError("One INPUT is empty text; an INPUT is a path, a glob, a URL, or - for standard input.");
  }
  if (inputs.empty()) throw UsageError("Name at least one INPUT: a path, a glob, a URL, or - for standard input.");
  if (std::count(inputs.begin(), inputs.end(), "-") > 1) {
    throw UsageError("INPUT - (standard input) can be read only once; it is given twice.");
  }
  if (std::find(inputs.begin(), inputs.end(), "-") != inputs.end() && !is_open_for_reading(STDIN_FILENO)) {
    throw UsageError("INPUT - is standard input, which is closed. Connect it to a file or a pipe, or name a path.");
  }
  return inputs;
}

}  // namespace chatload::cli
