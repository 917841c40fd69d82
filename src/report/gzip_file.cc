#include "report/gzip_file.h"

#include <fcntl.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace chatload::report {
namespace {

// Level 1: a file in which every line is bad must not make the one thread that writes records the slowest part.
constexpr const char* kOpenMode = "wb1";
constexpr unsigned kBufferBytes = 128 * 1024;

}  // namespace

// zlib closes the descriptor that it writes to; PlacedFile's lives on, so that the file can be made to reach the disk.
GzipFile::GzipFile(const std::filesystem::path& path, Placing placing)
    : file_("The rejects cannot be written to", path, placing) {
  const int zlibs_own = ::fcntl(file_.descriptor(), F_DUPFD_CLOEXEC, 0);
  gzip_ = zlibs_own < 0 ? nullptr : gzdopen(zlibs_own, kOpenMode);
  if (gzip_ == nullptr) file_.fail(std::strerror(errno == 0 ? ENOMEM : errno));
  gzbuffer(gzip_, kBufferBytes);
}

GzipFile::~GzipFile() {
  if (gzip_ != nullptr) gzclose(gzip_);
}

void GzipFile::write(std::string_view text) {
  errno = 0;
  if (gzfwrite(text.data(), 1, text.size(), gzip_) != text.size()) fail();
}

void GzipFile::close() {
  if (gzip_ == nullptr) return;
  errno = 0;
  if (gzclose(std::exchange(gzip_, nullptr)) != Z_OK) fail();
  file_.close();
}

void GzipFile::fail() const { file_.fail(errno == 0 ? "zlib failed" : std::strerror(errno)); }

}  // namespace chatload::report
