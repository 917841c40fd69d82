#include "report/placed_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/errors.h"
#include "base/file_io.h"

namespace chatload::report {

namespace fs = std::filesystem;

fs::path replaced_file(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) return {};
  fs::path target = fs::weakly_canonical(path, error);
  return target.empty() ? path : target;
}

PlacedFile::PlacedFile(std::string_view failure, const fs::path& path, Placing placing)
    : failure_(failure), path_(path), renamed_to_(replaced_file(path)), written_(path) {
  int flags = O_WRONLY | O_CLOEXEC;
  if (!renamed_to_.empty()) flags |= O_CREAT | O_TRUNC;
  if (placing == Placing::kAtOnce) renamed_to_.clear();
  if (!renamed_to_.empty()) {
    flags |= O_NOFOLLOW;
    written_ = fmt::format("{}.{}.tmp", renamed_to_.string(), ::getpid());
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
  if (!renamed_to_.empty() && ::fsync(descriptor_) != 0) fail(std::strerror(errno));
  if (::close(std::exchange(descriptor_, -1)) != 0) fail(std::strerror(errno));
  if (!renamed_to_.empty() && std::rename(written_.c_str(), renamed_to_.c_str()) != 0) fail(std::strerror(errno));
  renamed_to_.clear();
}

void PlacedFile::fail(std::string_view cause) const {
  throw EnvironmentError(fmt::format("{} {}: {}.", failure_, path_.string(), cause));
}

}  // namespace chatload::report
