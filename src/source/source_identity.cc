// A regular file is looked at by stat() and opened only once it is known to be one: opening a named pipe would let its
// waiting writer go on, and closing it again would kill that writer with SIGPIPE.

#include "source/source_identity.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/digest.h"
#include "base/units.h"
#include "source/file_source.h"

namespace chatload::source {
namespace {

constexpr std::size_t kEdgeBytes = 64 * kKiB;
constexpr std::size_t kDigestBufferBytes = kMiB;

struct Descriptor {
  explicit Descriptor(int number) : fd(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }

  const int fd;
};

bool is_standard_input(const std::string& input) { return input == "-"; }

// Returns errno, or 0.
int look_at(const std::string& input, struct stat& status) {
  const int result = is_standard_input(input) ? fstat(STDIN_FILENO, &status) : stat(input.c_str(), &status);
  return result != 0 ? errno : 0;
}

bool is_named_file(const std::string& input, const struct stat& status) {
  return !is_standard_input(input) && S_ISREG(status.st_mode);
}

std::string to_stamp(const struct stat& status) {
  return fmt::format("{}:{}:{}:{}{:09}:{}{:09}", status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

// A file that became shorter gives fewer bytes; its stamp has changed then.
void digest_span(Digest& digest, const std::string& path, int fd, std::uint64_t begin, std::size_t bytes) {
  std::string buffer(bytes, '\0');
  std::size_t filled = 0;
  while (filled < bytes) {
    const ssize_t size = pread(fd, buffer.data() + filled, bytes - filled, static_cast<off_t>(begin + filled));
    if (size == 0) break;
    if (size > 0) {
      filled += static_cast<std::size_t>(size);
    } else if (errno != EINTR) {
      throw_cannot_read(path, begin + filled, errno);
    }
  }
  digest.update({buffer.data(), filled});
}

std::string digest_of_edges(const std::string& path, std::uint64_t size) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.fd < 0) throw_cannot_open(path, errno);
  Digest digest;
  digest.update(fmt::format("{}\n", size));
  digest_span(digest, path, file.fd, 0, kEdgeBytes);
  digest_span(digest, path, file.fd, size - std::min<std::uint64_t>(size, kEdgeBytes), kEdgeBytes);
  return digest.hex();
}

bool is_readable(int fd) {
  pollfd polled{fd, POLLIN, 0};  // poll passes over a descriptor below 0
  return poll(&polled, 1, 0) > 0;
}

}  // namespace

SourceIdentity identify_source(const std::string& input, const std::optional<std::string>& source_id) {
  struct stat status {};
  int error = look_at(input, status);
  if (error == 0 && S_ISDIR(status.st_mode)) error = EISDIR;
  if (error != 0) throw_cannot_open(is_standard_input(input) ? kStandardInputName : input, error);

  SourceIdentity identity;
  if (is_named_file(input, status)) {
    identity.stamp = to_stamp(status);
    identity.bytes = static_cast<std::uint64_t>(status.st_size);
    if (!source_id) identity.key = "file:" + digest_of_edges(input, *identity.bytes);
  }
  if (source_id) identity.key = "id:" + digest_hex(*source_id);
  identity.can_resume = !identity.key.empty();
  return identity;
}

std::string file_stamp(const std::string& input) {
  struct stat status {};
  if (look_at(input, status) != 0 || !is_named_file(input, status)) return {};
  return to_stamp(status);
}

std::string digest_file(const std::string& input, int stop_fd) {
  const auto file = open_input(input, stop_fd);
  const auto buffer = std::make_unique_for_overwrite<char[]>(kDigestBufferBytes);
  Digest digest;
  while (const std::size_t size = file->read({buffer.get(), kDigestBufferBytes})) {
    digest.update({buffer.get(), size});
    if (is_readable(stop_fd)) return {};
  }
  return file->stopped() ? std::string() : digest.hex();
}

}  // namespace chatload::source
