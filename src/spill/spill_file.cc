#include "spill/spill_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/errors.h"

namespace chatload::spill {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const char* what, const fs::path& dir, const char* why) {
  throw EnvironmentError(
      fmt::format("{} {}: {}; free space there or name another directory with --spill-dir, and run the same command "
                  "again: nothing is lost.",
                  what, dir.string(), why));
}

// O_TMPFILE where the file system has it; otherwise a name that is gone before anything is written.
int open_nameless(const fs::path& dir) {
  constexpr mode_t kOwnerOnly = 0600;
  const int descriptor = ::open(dir.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kOwnerOnly);
  if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return descriptor;
  std::string name = (dir / "chatload-spill-XXXXXX").string();
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

SpillFile::SpillFile(const fs::path& dir) : dir_(dir), descriptor_(open_nameless(dir)) {
  if (descriptor_ < 0) fail("Sorted rows and rejected lines cannot be written to", dir_, std::strerror(errno));
}

SpillFile::~SpillFile() { ::close(descriptor_); }

void SpillFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0)
      fail("Sorted rows and rejected lines cannot be written to", dir_, std::strerror(written < 0 ? errno : ENOSPC));
    size_ += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void SpillFile::read(std::uint64_t begin, std::span<char> bytes) const {
  while (!bytes.empty()) {
    const ssize_t got = ::pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(begin));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("Sorted rows and rejected lines cannot be read back from", dir_, std::strerror(errno));
    if (got == 0) fail_damaged(begin);
    begin += static_cast<std::uint64_t>(got);
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

void SpillFile::will_read(std::uint64_t begin, std::uint64_t size_bytes) const noexcept {
  ::posix_fadvise(descriptor_, static_cast<off_t>(begin), static_cast<off_t>(size_bytes), POSIX_FADV_WILLNEED);
}

void SpillFile::release(std::uint64_t begin, std::uint64_t size_bytes) noexcept {
  ::fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(begin),
              static_cast<off_t>(size_bytes));
}

void SpillFile::fail_damaged(std::uint64_t offset) const {
  throw EnvironmentError(
      fmt::format("What was read back from {} is not what was written there (at byte {} of a spill file): the disk "
                  "or the memory is faulty; name another directory with --spill-dir, and run the same command again: "
                  "nothing is lost.",
                  dir_.string(), offset));
}

std::uint64_t free_bytes(const fs::path& dir) {
  struct statvfs status {};
  if (::statvfs(dir.c_str(), &status) != 0) {
    fail("The free space cannot be asked for of", dir, std::strerror(errno));
  }
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

}  // namespace chatload::spill
