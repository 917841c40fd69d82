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

// Reads at a position of its own, so that the descriptor's stays where it is.
class HeldFile::Source : public ByteSource {
 public:
  Source(std::shared_ptr<const Descriptor> descriptor, std::string name)
      : descriptor_(std::move(descriptor)), name_(std::move(name)) {
    struct stat status {};
    if (fstat(descriptor_->fd, &status) != 0) throw_cannot_read(name_, 0, errno);
    if (status.st_size > 0) size_bytes_ = static_cast<std::uint64_t>(status.st_size);  // files of /proc say 0
    posix_fadvise(descriptor_->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  }

  [[nodiscard]] std::size_t read(std::span<char> out) override {
    const std::size_t size = read_at(descriptor_->fd, position_, out);
    if (size == 0 && !out.empty() && errno != 0) throw_cannot_read(name_, position_, errno);
    position_ += size;
    return size;
  }
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const override { return size_bytes_; }
  [[nodiscard]] const std::string& name() const override { return name_; }

 private:
  const std::shared_ptr<const Descriptor> descriptor_;
  const std::string name_;
  std::uint64_t position_ = 0;
  std::optional<std::uint64_t> size_bytes_;
};

HeldFile::Descriptor::~Descriptor() { close(fd); }

HeldFile::HeldFile(std::string input) : name_(std::move(input)) {
  const bool is_standard_input = name_ == "-";
  struct stat status {};
  const int result = is_standard_input ? fstat(STDIN_FILENO, &status) : stat(name_.c_str(), &status);
  const int error = result != 0 ? errno : S_ISDIR(status.st_mode) ? EISDIR : 0;
  if (error != 0) throw_cannot_open(is_standard_input ? kStandardInputName : name_, error);
  if (is_standard_input || !S_ISREG(status.st_mode)) return;
  const int fd = open_for_reading(name_);
  if (fd < 0) throw_cannot_open(name_, errno);
  descriptor_ = std::make_shared<const Descriptor>(fd);
}

std::unique_ptr<ByteSource> HeldFile::open(int stop_fd) const {
  if (!descriptor_) return open_input(name_, stop_fd);
  return std::make_unique<Source>(descriptor_, name_);
}

}  // namespace chatload::source
