// Any bytes as a seek index, and any bytes as the sum of a good one: either a table that a reader can rely on, with
// windows of at most 32 KiB, or one clear error; never wrong memory, and none that the file does not justify.
#include <stdlib.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "inflate/deflate_decoder.h"
#include "inflate/index_sum.h"
#include "inflate/seek_index.h"
#include "inflate/seek_index_writer.h"
#include "source/held_file.h"
#include "source/source_identity.h"

namespace {

using namespace chatload;
namespace fs = std::filesystem;

// Large enough for any offset that a mutated index may name, and sparse.
constexpr std::uint64_t kGzipBytes = std::uint64_t{1} << 40;

void require(bool holds) {
  if (!holds) std::abort();
}

void write(const fs::path& path, std::string_view bytes) { std::ofstream(path, std::ios::binary) << bytes; }

// A gzip and a good index of it, in a folder of this process.
class Files {
 public:
  Files() {
    std::string name = (fs::temp_directory_path() / "index-fuzzer-XXXXXX").string();
    require(mkdtemp(name.data()) != nullptr);
    folder_ = name;
    gzip_path_ = folder_ / "log.gz";
    write(gzip_path_, "");
    fs::resize_file(gzip_path_, kGzipBytes);
    inflate::SeekIndexWriter writer(good_path());
    writer.add(10, 0, 0, 1, "", {});
    writer.add(500, 3, 5000, 20, std::string(3000, 'x'), {.begin = 0, .crc = 7, .size = 5000});
    const source::HeldFile gzip(gzip_path_.string());
    writer.close(9000, 30, source::identify_source(gzip, std::nullopt).key);
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  ~Files() {
    std::error_code error;
    fs::remove_all(folder_, error);
  }

  [[nodiscard]] std::string gzip_path() const { return gzip_path_.string(); }
  [[nodiscard]] fs::path good_path() const { return folder_ / "good.gzi"; }
  [[nodiscard]] fs::path fuzzed_path() const { return folder_ / "fuzzed.gzi"; }

 private:
  fs::path folder_;
  fs::path gzip_path_;
};

void require_sound(const inflate::SeekIndex& index, std::size_t file_bytes) {
  const auto& points = index.table().points;
  require(!points.empty() && points.front().decompressed == 0);
  require(points.size() <= file_bytes / 17);
  for (std::size_t i = 0; i < points.size(); ++i) {
    require(points[i].bits <= 7 && points[i].compressed <= kGzipBytes);
    if (i > 0) {
      require(points[i].decompressed >= points[i - 1].decompressed && points[i].line >= points[i - 1].line);
      require(points[i].compressed >= points[i - 1].compressed);
    }
    require(index.point_before(points[i].decompressed) >= i);
    try {
      require(index.window(i).size() <= inflate::kWindowBytes);
    } catch (const inflate::SeekIndexError&) {
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Files files;
  static const source::HeldFile gzip(files.gzip_path());
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const bool is_sum = bytes.starts_with("chatload");
  const fs::path path = is_sum ? files.good_path() : files.fuzzed_path();
  write(is_sum ? inflate::sum_path(path) : path, bytes);
  try {
    const auto index = inflate::SeekIndex::open(path, gzip);
    require(index.has_value());
    require_sound(*index, is_sum ? fs::file_size(path) : size);
  } catch (const inflate::SeekIndexError&) {
  }
  return 0;
}
