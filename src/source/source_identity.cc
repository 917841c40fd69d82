#include "source/source_identity.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/digest.h"
#include "base/file_io.h"
#include "base/units.h"
#include "source/file_source.h"

namespace chatload::source {
namespace {

constexpr std::size_t kEdgeBytes = 64 * kKiB;

// Of a regular file.
std::optional<struct stat> status_of(const HeldFile& file) {
  struct stat status {};
  if (file.fd() < 0) return std::nullopt;
  if (fstat(file.fd(), &status) != 0) throw_cannot_read(file.name(), 0, errno);
  return status;
}

std::string to_stamp(const struct stat& status) {
  return fmt::format("{}:{}:{}:{}{:09}:{}{:09}", status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

// A file that became shorter gives fewer bytes; its stamp has changed then.
void digest_span(Digest& digest, const HeldFile& file, std::uint64_t begin, std::size_t bytes) {
  std::string buffer(bytes, '\0');
  const std::size_t filled = read_at(file.fd(), begin, buffer);
  if (filled < bytes && errno != 0) throw_cannot_read(file.name(), begin + filled, errno);
  digest.update({buffer.data(), filled});
}

std::string digest_of_edges(const HeldFile& file, std::uint64_t size) {
  Digest digest;
  digest.update(fmt::format("{}\n", size));
  digest_span(digest, file, 0, kEdgeBytes);
  digest_span(digest, file, size - std::min<std::uint64_t>(size, kEdgeBytes), kEdgeBytes);
  return digest.hex();
}

}  // namespace

SourceIdentity identify_source(const HeldFile& file, const std::optional<std::string>& source_id) {
  SourceIdentity identity;
  if (const auto status = status_of(file)) {
    identity.stamp = to_stamp(*status);
    identity.bytes = static_cast<std::uint64_t>(status->st_size);
    if (!source_id) identity.key = "file:" + digest_of_edges(file, *identity.bytes);
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

std::string file_stamp(const HeldFile& file) {
  const auto status = status_of(file);
  return status ? to_stamp(*status) : std::string();
}

std::string stamp_of_path(const std::string& path) {
  struct stat status {};
  const bool is_file = path != "-" && stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
  return is_file ? to_stamp(status) : std::string();
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
