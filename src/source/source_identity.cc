#include "source/source_identity.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/digest.h"

namespace chatload::source {

SourceIdentity identify_source(const Input& input, const std::optional<std::string>& source_id) {
  SourceIdentity identity;
  if (input.can_seek()) {
    identity.stamp = input.stamp();
    identity.bytes = input.size_bytes();
    if (!source_id) identity.key = input.content_key();
  }
  if (source_id) identity.key = "id:" + digest_hex(*source_id);
  identity.can_resume = !identity.key.empty();
  return identity;
}

std::string place_of_input(const std::string& input) {
  struct stat status {};
  const bool is_standard_input = input == "-";
  if ((is_standard_input ? fstat(STDIN_FILENO, &status) : stat(input.c_str(), &status)) != 0) return input;
  if (is_standard_input && S_ISREG(status.st_mode) && lseek(STDIN_FILENO, 0, SEEK_CUR) != 0) return {};
  return fmt::format("{}:{}", status.st_dev, status.st_ino);
}

std::string file_stamp(const struct stat& status) {
  return fmt::format("{}:{}:{}:{}{:09}:{}{:09}", status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

std::string stamp_of_path(const std::string& path) {
  struct stat status {};
  const bool is_file = path != "-" && stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
  return is_file ? file_stamp(status) : std::string();
}

bool is_same_stamp(std::string_view a, std::string_view b) {
  const auto without_device = [](std::string_view stamp) {
    return stamp.substr(std::min(stamp.find(':'), stamp.size()));
  };
  return !a.empty() && without_device(a) == without_device(b);
}

bool is_read_once(const std::string& input) {
  std::error_code error;
  const auto status = std::filesystem::status(input, error);
  return input == "-" || std::filesystem::is_fifo(status) || std::filesystem::is_character_file(status) ||
         std::filesystem::is_socket(status);
}

}  // namespace chatload::source
