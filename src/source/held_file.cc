// A path is looked at by stat() and opened only once it is known to be a regular file: opening a named pipe would let
// its waiting writer go on, and closing it again would kill that writer with SIGPIPE.

#include "source/held_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "source/file_source.h"

namespace chatload::source {

HeldFile::HeldFile(std::string input) : name_(std::move(input)) {
  const bool is_standard_input = name_ == "-";
  struct stat status {};
  const int result = is_standard_input ? fstat(STDIN_FILENO, &status) : stat(name_.c_str(), &status);
  const int error = result != 0 ? errno : S_ISDIR(status.st_mode) ? EISDIR : 0;
  if (error != 0) throw_cannot_open(is_standard_input ? kStandardInputName : name_, error);
  if (is_standard_input || !S_ISREG(status.st_mode)) return;
  fd_ = open_for_reading(name_);
  if (fd_ < 0) throw_cannot_open(name_, errno);
}

HeldFile::~HeldFile() {
  if (fd_ >= 0) close(fd_);
}

std::unique_ptr<ByteSource> HeldFile::open(int stop_fd) const {
  if (fd_ < 0) return open_input(name_, stop_fd);
  return std::make_unique<FileSource>(fcntl(fd_, F_DUPFD_CLOEXEC, 0), stop_fd, name_);
}

}  // namespace chatload::source
