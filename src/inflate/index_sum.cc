// Format: lines of text, each ended by \n.
//   chatload seek index sum 1          what it is, and its version
//   gzip file:0a…ef                    the gzip's size, first and last 64 KiB, as source_identity.h digests them
//   index 93722 0a1b2c3d               size of the index file, CRC-32 of all of it but the windows
//   point 00000000 0 00000000 0        for each point, in order: CRC-32 of its window as it is stored, of nothing 0;
//                                      compressed offset of its member; CRC-32 and size, modulo 2^32, of the member's
//                                      bytes in front of it
//   end 9f8e7d6c                       CRC-32 of the lines above
// So every byte of the index is covered, yet opening it reads no window; and so is every byte that is inflated from one
// point to the next.

#include "inflate/index_sum.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include "base/file_io.h"
#include "base/placed_file.h"
#include "inflate/crc32.h"
#include "inflate/seek_table.h"

namespace chatload::inflate {
namespace {

constexpr std::string_view kFirstLine = "chatload seek index sum 1\n";
constexpr std::size_t kHeadBytesMax = 512;  // of all lines but the points'
constexpr std::string_view kPoint = "point ";
constexpr std::size_t kPointLineBytesMax = kPoint.size() + 8 + 1 + 20 + 1 + 8 + 1 + 10 + 1;

// The lines of a sum, one after the other.
class SumText {
 public:
  SumText(std::string_view text, const std::string& path) : text_(text), left_(text), path_(path) {}

  void expect(std::string_view word) {
    if (!left_.starts_with(word)) refuse();
    left_.remove_prefix(word.size());
  }
  [[nodiscard]] bool next_is(std::string_view word) const { return left_.starts_with(word); }

  // What stands in front of the next such byte, which is consumed, too.
  [[nodiscard]] std::string_view until(char end) {
    const std::size_t size = left_.find(end);
    if (size == std::string_view::npos) refuse();
    const std::string_view word = left_.substr(0, size);
    left_.remove_prefix(size + 1);
    return word;
  }

  [[nodiscard]] std::uint32_t crc_until(char end) {
    const std::string_view word = until(end);
    if (word.size() != 8) refuse();
    return number<std::uint32_t>(word, 16);
  }

  template <typename Number>
  [[nodiscard]] Number number(std::string_view word, int base) const {
    Number value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
    if (error != std::errc() || end != word.data() + word.size()) refuse();
    return value;
  }

  [[nodiscard]] std::string_view taken() const { return text_.substr(0, text_.size() - left_.size()); }
  [[nodiscard]] bool at_end() const { return left_.empty(); }
  [[noreturn]] void refuse() const { refuse_index(path_, "it is damaged, no sum of this index"); }

 private:
  std::string_view text_;
  std::string_view left_;
  const std::string& path_;
};

std::optional<std::string> read_text(const std::string& path, std::size_t bytes_max) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0 && errno == ENOENT) return std::nullopt;
  if (fd < 0) refuse_index(path, std::strerror(errno));
  std::string text(bytes_max + 1, '\0');
  const std::size_t size = read_at(fd, 0, text);
  const int error = errno;
  ::close(fd);
  if (size < text.size() && error != 0) refuse_index(path, std::strerror(error));
  text.resize(size);
  return text;
}

}  // namespace

std::filesystem::path sum_path(const std::filesystem::path& index) {
  std::filesystem::path path = index;
  path += ".sum";
  return path;
}

void write_index_sum(const std::filesystem::path& index, const IndexSum& sum) {
  std::string text(kFirstLine);
  text += fmt::format("gzip {}\nindex {} {:08x}\n", sum.gzip_key, sum.index_bytes, sum.index_crc);
  for (const PointSum& point : sum.points) {
    text += fmt::format("point {:08x} {} {:08x} {}\n", point.window_crc, point.place.begin, point.place.crc,
                        point.place.size);
  }
  text += fmt::format("end {:08x}\n", extend_crc(0, text));
  PlacedFile file("The sum of the seek index cannot be written to", sum_path(index), Placing::kWhenWhole);
  file.write(text);
  file.close();
}

std::optional<IndexSum> read_index_sum(const std::filesystem::path& index, std::size_t points) {
  const std::string path = sum_path(index).string();
  const auto text = read_text(path, kHeadBytesMax + points * kPointLineBytesMax);
  if (!text) return std::nullopt;
  SumText lines(*text, path);
  IndexSum sum;
  lines.expect(kFirstLine);
  lines.expect("gzip ");
  sum.gzip_key = lines.until('\n');
  lines.expect("index ");
  sum.index_bytes = lines.number<std::uint64_t>(lines.until(' '), 10);
  sum.index_crc = lines.crc_until('\n');
  sum.points.reserve(points);
  while (lines.next_is(kPoint)) {
    lines.expect(kPoint);
    PointSum& point = sum.points.emplace_back();
    point.window_crc = lines.crc_until(' ');
    point.place.begin = lines.number<std::uint64_t>(lines.until(' '), 10);
    point.place.crc = lines.crc_until(' ');
    point.place.size = lines.number<std::uint32_t>(lines.until('\n'), 10);
  }
  const std::uint32_t computed = extend_crc(0, lines.taken());
  lines.expect("end ");
  if (lines.crc_until('\n') != computed || !lines.at_end() || sum.points.size() != points) lines.refuse();
  return sum;
}

}  // namespace chatload::inflate
