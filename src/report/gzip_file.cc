#include "report/gzip_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "base/errors.h"

namespace chatload::report {
namespace {

namespace fs = std::filesystem;

// Level 1: a file in which every line is bad must not make the one thread that writes records the slowest part.
constexpr const char* kOpenMode = "wb1";
constexpr unsigned kBufferBytes = 128 * 1024;

// Where the bytes go, and what is to be renamed to the path; empty: nothing is.
struct Place {
  fs::path path;
  fs::path renamed_to;
};

Place place_of(const fs::path& path, Placing placing) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (placing == Placing::kAtOnce || (fs::exists(status) && !fs::is_regular_file(status))) return {path, {}};
  fs::path target = fs::weakly_canonical(path, error);  // a link stays, its target is replaced
  if (target.empty()) target = path;
  return {fmt::format("{}.{}.tmp", target.string(), ::getpid()), target};
}

}  // namespace

class GzipFile::Impl {
 public:
  Impl(const fs::path& path, Placing placing) : name_(path.string()), place_(place_of(path, placing)) {
    const int no_link = place_.renamed_to.empty() ? 0 : O_NOFOLLOW;
    descriptor_ = ::open(place_.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | no_link, 0666);
    if (descriptor_ < 0) fail(errno);
    // zlib closes the descriptor that it writes to; ours lives on, so that the file can be made to reach the disk.
    const int zlibs_own = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
    file_ = zlibs_own < 0 ? nullptr : gzdopen(zlibs_own, kOpenMode);
    if (file_ == nullptr) {
      const int error = errno == 0 ? ENOMEM : errno;
      ::close(descriptor_);
      fail(error);
    }
    gzbuffer(file_, kBufferBytes);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (file_ != nullptr) gzclose(file_);
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!is_whole_ && !place_.renamed_to.empty()) ::unlink(place_.path.c_str());
  }

  void write(std::string_view text) {
    errno = 0;
    if (gzfwrite(text.data(), 1, text.size(), file_) != text.size()) fail(errno);
  }

  void close() {
    if (file_ == nullptr) return;
    errno = 0;
    if (gzclose(std::exchange(file_, nullptr)) != Z_OK) fail(errno);
    if (!place_.renamed_to.empty() && ::fsync(descriptor_) != 0) fail(errno);
    if (::close(std::exchange(descriptor_, -1)) != 0) fail(errno);
    if (!place_.renamed_to.empty() && std::rename(place_.path.c_str(), place_.renamed_to.c_str()) != 0) fail(errno);
    is_whole_ = true;
  }

 private:
  [[noreturn]] void fail(int error) const {
    throw EnvironmentError(fmt::format("The rejects cannot be written to {}: {}.", name_,
                                       error == 0 ? "zlib failed" : std::strerror(error)));
  }

  std::string name_;
  Place place_;
  int descriptor_ = -1;
  gzFile file_ = nullptr;
  bool is_whole_ = false;
};

GzipFile::GzipFile(const fs::path& path, Placing placing) : impl_(std::make_unique<Impl>(path, placing)) {}
GzipFile::~GzipFile() = default;

void GzipFile::write(std::string_view text) { impl_->write(text); }
void GzipFile::close() { impl_->close(); }

}  // namespace chatload::report
