#include "source/held_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "source/file_source.h"

namespace chatload::source {
namespace {

// Not without a look: opening a named pipe lets its writer go on (source_identity.cc).
int open_if_regular(const std::string& path) {
  struct stat status {};
  const bool is_regular = path != "-" && stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
  return is_regular ? open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
}

}  // namespace

HeldFile::HeldFile(std::string input) : name_(std::move(input)), fd_(open_if_regular(name_)), path_(name_) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd_);
  if (fd_ >= 0 && access(path.c_str(), R_OK) == 0) path_ = path;
}

HeldFile::~HeldFile() {
  if (fd_ >= 0) close(fd_);
}

std::unique_ptr<ByteSource> HeldFile::open(int stop_fd) const {
  if (path_ == name_) return open_input(name_, stop_fd);
  return std::make_unique<FileSource>(path_, stop_fd, name_);
}

}  // namespace chatload::source
