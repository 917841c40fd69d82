// Whatever can wait is read after a poll of {input, stop_fd}, so that a stop ends the wait; a regular file never waits
// and is read directly, with a hint to the kernel to read ahead.
//
// A path is opened without blocking, because opening a named pipe would wait for its writer where no poll can see it.
// On Linux a pipe that never had a writer polls as "nothing yet" and one whose writers are gone as hung up, so poll
// tells the two apart although read returns 0 for both. Standard input keeps its mode: others share that description.

#include "source/file_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/errors.h"

namespace chatload::source {

void throw_cannot_open(const std::string& name, int error) {
  switch (error) {
    case ENOENT: throw SourceError(fmt::format("{}: there is no such file; check the path", name));
    case EACCES: throw SourceError(fmt::format("{}: permission denied; make it readable for this user", name));
    case EISDIR: throw SourceError(fmt::format("{} is a directory; name the files in it", name));
    default: throw SourceError(fmt::format("{} cannot be opened: {}", name, std::strerror(error)));
  }
}

void throw_cannot_read(const std::string& name, std::uint64_t after_byte, int error) {
  throw SourceError(fmt::format("{} cannot be read after byte {}: {}; run the same command again", name, after_byte,
                                std::strerror(error)));
}

int open_for_reading(const std::string& path) {
  return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

FileSource::FileSource(const std::string& path, int stop_fd)
    : name_(path == "-" ? kStandardInputName : path), stop_fd_(stop_fd) {
  fd_ = path == "-" ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open_for_reading(path);
  if (fd_ < 0) throw_cannot_open(name_, errno);

  struct stat status {};
  const int error = fstat(fd_, &status) != 0 ? errno : S_ISDIR(status.st_mode) ? EISDIR : 0;
  if (error != 0) {
    close(fd_);
    throw_cannot_open(name_, error);
  }
  can_wait_ = !S_ISREG(status.st_mode);
  if (can_wait_) return;

  // Standard input may be a file that another program has read a part of; what is left is our input. Files of /proc
  // say that they hold nothing.
  const off_t begin = lseek(fd_, 0, SEEK_CUR);
  if (begin >= 0 && begin < status.st_size) size_bytes_ = static_cast<std::uint64_t>(status.st_size - begin);
  posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
}

FileSource::~FileSource() { close(fd_); }

bool FileSource::wait_for_bytes() {
  std::array<pollfd, 2> fds{{{fd_, POLLIN, 0}, {stop_fd_, POLLIN, 0}}};  // poll passes over a descriptor below 0
  for (;;) {
    if (poll(fds.data(), fds.size(), -1) < 0) {
      if (errno == EINTR) continue;
      throw SourceError(fmt::format("{} cannot be waited for: {}", name_, std::strerror(errno)));
    }
    if (fds[1].revents != 0) return false;
    if (fds[0].revents != 0) return true;
  }
}

std::size_t FileSource::read(std::span<char> out) {
  for (;;) {
    if (can_wait_ && !wait_for_bytes()) {
      stopped_ = true;
      return 0;
    }
    const ssize_t size = ::read(fd_, out.data(), out.size());
    if (size >= 0) {
      position_ += static_cast<std::uint64_t>(size);
      return static_cast<std::size_t>(size);
    }
    // EAGAIN: another reader of the same pipe was faster.
    if (errno == EINTR || (errno == EAGAIN && can_wait_)) continue;
    throw_cannot_read(name_, position_, errno);
  }
}

}  // namespace chatload::source
