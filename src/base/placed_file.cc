#include "base/placed_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/errors.h"
#include "base/file_io.h"
#include "base/random_token.h"

namespace chatload {

namespace fs = std::filesystem;

fs::path replaced_file(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) return {};
  fs::path target = fs::weakly_canonical(path, error);
  return target.empty() ? path : target;
}

namespace {

// That the name is there reaches the disk, too. Not every file system can; the file is there all the same.
void sync_folder_of(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  static_cast<void>(::fsync(descriptor));
  ::close(descriptor);
}

}  // namespace

PlacedFile::PlacedFile(std::string_view failure, const fs::path& path, Placing placing)
    : failure_(failure), path_(path), renamed_to_(replaced_file(path)), written_(path) {
  int flags = O_WRONLY | O_CLOEXEC;
  if (!renamed_to_.empty()) flags |= O_CREAT | O_TRUNC;
  if (placing == Placing::kAtOnce) renamed_to_.clear();
  if (!renamed_to_.empty()) {
    flags |= O_EXCL;  // another process, of another container, may have this one's number
    written_ = fmt::format("{}.{}.tmp", renamed_to_.string(), random_token().substr(0, 8));
  }
  descriptor_ = ::open(written_.c_str(), flags, 0666);
  if (descriptor_ < 0) fail(std::strerror(errno));
}

PlacedFile::~PlacedFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!renamed_to_.empty()) ::unlink(written_.c_str());
}

void PlacedFile::write(std::string_view text) {
  const std::size_t written = transfer_all(
      text.size(), [&](std::size_t done) { return ::write(descriptor_, text.data() + done, text.size() - done); });
  if (written < text.size()) fail(std::strerror(errno == 0 ? ENOSPC : errno));
}

void PlacedFile::close() {
  end();
  place();
}

void PlacedFile::end() {
  if (!renamed_to_.empty() && ::fsync(descriptor_) != 0) fail(std::strerror(errno));
  if (::close(std::exchange(descriptor_, -1)) != 0) fail(std::strerror(errno));
}

void PlacedFile::place() {
  if (renamed_to_.empty()) return;
  if (std::rename(written_.c_str(), renamed_to_.c_str()) != 0) fail(std::strerror(errno));
  sync_folder_of(renamed_to_);
  renamed_to_.clear();
}

void PlacedFile::fail(std::string_view cause) const {
  throw EnvironmentError(fmt::format("{} {}: {}.", failure_, path_.string(), cause));
}

}  // namespace chatload
