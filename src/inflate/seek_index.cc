#include "inflate/seek_index.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/file_io.h"
#include "inflate/crc32.h"
#include "inflate/deflate_decoder.h"
#include "inflate/index_sum.h"
#include "source/source_identity.h"

namespace chatload::inflate {

namespace fs = std::filesystem;

struct SeekIndex::Descriptor {
  explicit Descriptor(int its_fd) : fd(its_fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { ::close(fd); }
  const int fd;
};

fs::path index_path(const std::string& gzip, const std::optional<fs::path>& folder) {
  fs::path path = folder ? *folder / fs::path(gzip).filename() : fs::path(gzip);
  path += ".gzi";
  return path;
}

SeekIndex::SeekIndex(fs::path path, std::shared_ptr<const Descriptor> descriptor, SeekTable table)
    : path_(std::move(path)), descriptor_(std::move(descriptor)), table_(std::move(table)) {}

void require_regular_file(const source::Input& gzip) {
  if (gzip.can_seek()) return;
  throw SourceError(
      fmt::format("{} is no regular file, so it can be read once only and nothing can begin in its middle; save it to "
                  "a file and make the index of that",
                  gzip.name() == "-" ? "Standard input" : gzip.name()));
}

std::optional<SeekIndex> SeekIndex::open(const fs::path& path, const source::Input& gzip) {
  require_regular_file(gzip);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0 && (errno == ENOENT || errno == ENAMETOOLONG)) return std::nullopt;
  if (fd < 0) refuse_index(path.string(), std::strerror(errno));
  auto descriptor = std::make_shared<const Descriptor>(fd);
  SeekTable table = read_seek_table(fd, path.string());
  SeekIndex index(path, std::move(descriptor), std::move(table));
  index.apply_sum(gzip);
  const auto& points = index.table_.points;
  while (points.size() > 1 && points.back().decompressed == index.table_.decompressed_bytes) {
    index.table_.points.pop_back();
  }
  return index;
}

void SeekIndex::apply_sum(const source::Input& gzip) {
  const source::SourceIdentity identity = source::identify_source(gzip, std::nullopt);
  require_fit(identity.bytes.value_or(0));
  const auto sum = read_index_sum(path_, table_.points.size());
  if (!sum) return;
  if (sum->gzip_key != identity.key) {
    refuse_index(path_.string(), fmt::format("{} is not the file that it was made of", gzip.name()));
  }
  if (sum->index_bytes != table_.index_bytes || sum->index_crc != table_.crc) {
    refuse_index(path_.string(), fmt::format("it is not what {} says of it", sum_path(path_).string()));
  }
  const SeekPoint& first = table_.points.front();
  if (sum->points.front().place != MemberPlace{} || first.bits != 0 || first.window_bytes != 0) {
    refuse_index(path_.string(), "its first point is not the beginning of the gzip");
  }
  for (std::size_t i = 0; i < table_.points.size(); ++i) {
    table_.points[i].window_crc = sum->points[i].window_crc;
    table_.points[i].place = sum->points[i].place;
  }
  proof_ = IndexProof::kSum;
}

void SeekIndex::require_fit(std::uint64_t gzip_bytes) const {
  if (table_.compressed_bytes.value_or(gzip_bytes) != gzip_bytes || table_.points.back().compressed > gzip_bytes) {
    refuse_index(path_.string(), "it is of a gzip of another size");
  }
}

std::size_t SeekIndex::point_before(std::uint64_t decompressed) const {
  const auto& points = table_.points;
  const auto behind =
      std::upper_bound(points.begin(), points.end(), decompressed,
                       [](std::uint64_t offset, const SeekPoint& point) { return offset < point.decompressed; });
  return static_cast<std::size_t>(behind - points.begin()) - 1;
}

std::string SeekIndex::window(std::size_t point) const {
  const SeekPoint& at = table_.points.at(point);
  const auto refuse = [&](std::string_view why) {
    refuse_index(path_.string(), fmt::format("the window of its point {} {}", point + 1, why));
  };
  std::string stored(at.window_bytes, '\0');
  if (stored.empty()) return stored;
  if (read_at(descriptor_->fd, at.window_at, stored) < stored.size()) refuse("cannot be read");
  if (proof_ == IndexProof::kSum && extend_crc(0, stored) != at.window_crc) refuse("fails its checksum");
  if (table_.format == IndexFormat::kIndexedGzip) return stored;
  std::string window(kWindowBytes, '\0');
  const std::optional<std::size_t> size = inflate_zlib(stored, window);
  if (!size) refuse("is no zlib data of up to 32 KiB");
  window.resize(*size);
  return window;
}

}  // namespace chatload::inflate
