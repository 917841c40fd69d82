// A path is looked at by stat() and opened only once it is known to be a regular file: opening a named pipe would let
// its waiting writer go on, and closing it again would kill that writer with SIGPIPE.

#include "source/held_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/file_io.h"
#include "source/file_source.h"

namespace chatload::source {
namespace {

// Reads at a position of its own, so that the descriptor's stays where it is.
class HeldSource : public ByteSource {
 public:
  HeldSource(int fd, const std::string& name) : fd_(fd), name_(name) {
    struct stat status {};
    if (fstat(fd_, &status) != 0) throw_cannot_read(name_, 0, errno);
    if (status.st_size > 0) size_bytes_ = static_cast<std::uint64_t>(status.st_size);  // files of /proc say 0
    posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
  }

  [[nodiscard]] std::size_t read(std::span<char> out) override {
    const std::size_t size = read_at(fd_, position_, out);
    if (size == 0 && !out.empty() && errno != 0) throw_cannot_read(name_, position_, errno);
    position_ += size;
    return size;
  }
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const override { return size_bytes_; }
  [[nodiscard]] const std::string& name() const override { return name_; }

 private:
  const int fd_;
  const std::string& name_;
  std::uint64_t position_ = 0;
  std::optional<std::uint64_t> size_bytes_;
};

}  // namespace

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
  return std::make_unique<HeldSource>(fd_, name_);
}

}  // namespace chatload::source
