// A path is looked at by stat() and opened only once it is known to be a regular file: opening a named pipe would let
// its waiting writer go on, and closing it again would kill that writer with SIGPIPE.

#include "source/held_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/file_io.h"
#include "base/units.h"
#include "source/file_source.h"
#include "source/source_identity.h"

namespace chatload::source {
namespace {

constexpr std::size_t kEdgeBytes = 64 * kKiB;

template <typename Descriptor>
struct stat status_of(const Descriptor& descriptor, const std::string& name) {
  struct stat status {};
  if (fstat(descriptor.fd, &status) != 0) throw_cannot_read(name, 0, errno);
  return status;
}

}  // namespace

// Reads at a position of its own, so that the descriptor's stays where it is.
class HeldFile::Source : public ByteSource {
 public:
  Source(std::shared_ptr<const Descriptor> descriptor, std::string name, std::uint64_t position)
      : descriptor_(std::move(descriptor)), name_(std::move(name)), position_(position) {
    const struct stat status = status_of(*descriptor_, name_);
    if (status.st_size > 0) size_bytes_ = static_cast<std::uint64_t>(status.st_size);  // files of /proc say 0
    posix_fadvise(descriptor_->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  }

  [[nodiscard]] std::size_t read(std::span<char> out) override {
    const std::size_t size = chatload::read_at(descriptor_->fd, position_, out);
    if (size == 0 && !out.empty() && errno != 0) throw_cannot_read(name_, position_, errno);
    position_ += size;
    return size;
  }
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const override { return size_bytes_; }
  [[nodiscard]] const std::string& name() const override { return name_; }

 private:
  const std::shared_ptr<const Descriptor> descriptor_;
  const std::string name_;
  std::uint64_t position_;
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
  return std::make_unique<Source>(descriptor_, name_, 0);
}

std::unique_ptr<ByteSource> HeldFile::open_at(std::uint64_t offset, int /*stop_fd*/) const {
  return std::make_unique<Source>(descriptor_, name_, offset);
}

std::size_t HeldFile::read_at(std::uint64_t offset, std::span<char> out) const {
  const std::size_t size = chatload::read_at(descriptor_->fd, offset, out);
  if (size < out.size() && errno != 0) throw_cannot_read(name_, offset + size, errno);
  return size;
}

std::uint64_t HeldFile::size_bytes() const {
  return static_cast<std::uint64_t>(status_of(*descriptor_, name_).st_size);
}

// A file that became shorter gives fewer bytes; its stamp has changed then.
void HeldFile::digest_span(Digest& digest, std::uint64_t begin) const {
  std::string buffer(kEdgeBytes, '\0');
  digest.update({buffer.data(), read_at(begin, buffer)});
}

std::string HeldFile::content_key() const {
  const std::uint64_t size = size_bytes();
  Digest digest;
  digest.update(fmt::format("{}\n", size));
  digest_span(digest, 0);
  digest_span(digest, size - std::min<std::uint64_t>(size, kEdgeBytes));
  return "file:" + digest.hex();
}

std::string HeldFile::stamp() const { return can_seek() ? file_stamp(status_of(*descriptor_, name_)) : std::string(); }

}  // namespace chatload::source
