#include "spill/spill_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/errors.h"
#include "base/file_io.h"

namespace chatload::spill {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCannotWrite = "Sorted rows and rejected lines cannot be written to";

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
  if (descriptor_ < 0) fail(kCannotWrite, dir_, std::strerror(errno));
}

SpillFile::~SpillFile() { ::close(descriptor_); }

void SpillFile::append(std::string_view bytes) {
  const std::size_t written = transfer_all(bytes.size(), [&](std::size_t done) {
    return ::pwrite(descriptor_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(size_ + done));
  });
  size_ += written;
  if (written < bytes.size()) fail(kCannotWrite, dir_, std::strerror(errno == 0 ? ENOSPC : errno));
}

void SpillFile::read(std::uint64_t begin, std::span<char> bytes) const {
  const std::size_t got = read_at(descriptor_, begin, bytes);
  if (got == bytes.size()) return;
  if (errno == 0) fail_damaged(begin + got);
  fail("Sorted rows and rejected lines cannot be read back from", dir_, std::strerror(errno));
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
