// The header says how many points follow, which is known at the end, so it is written last.
//
// Of the two files the old sum goes first and the new one comes last: a run that is killed in between leaves an index
// without a sum, never one beside the sum of another.

#include "inflate/seek_index_writer.h"

#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/file_io.h"
#include "inflate/crc32.h"
#include "inflate/index_sum.h"

namespace chatload::inflate {
namespace {

constexpr std::size_t kHeaderBytes = 36;

void put(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned shift = bytes * 8; shift > 0; shift -= 8) out += static_cast<char>(value >> (shift - 8) & 0xff);
}

std::string header_of(std::uint64_t points) {
  std::string header(8, '\0');
  header += "gzipindX";
  put(header, 0, 4);  // lines end in \n
  put(header, points, 8);
  put(header, points, 8);
  return header;
}

std::string compressed_window(std::string_view window) {
  if (window.empty()) return {};
  uLongf size = compressBound(window.size());
  std::string stored(size, '\0');
  compress(reinterpret_cast<Bytef*>(stored.data()), &size, reinterpret_cast<const Bytef*>(window.data()),
           window.size());
  stored.resize(size);
  return stored;
}

}  // namespace

SeekIndexWriter::SeekIndexWriter(const std::filesystem::path& path)
    : path_(path), file_("The seek index cannot be written to", path, Placing::kWhenWhole) {
  file_.write(header_of(0));
  bytes_ = kHeaderBytes;
}

void SeekIndexWriter::write(std::string_view bytes) {
  file_.write(bytes);
  bytes_ += bytes.size();
  table_bytes_ += bytes.size();
  table_crc_ = extend_crc(table_crc_, bytes);
}

void SeekIndexWriter::add(std::uint64_t compressed, unsigned bits, std::uint64_t decompressed, std::uint64_t line,
                          std::string_view window, const MemberPlace& place) {
  const std::string stored = compressed_window(window);
  std::string point;
  put(point, decompressed, 8);
  put(point, compressed, 8);
  put(point, bits, 4);
  put(point, stored.size(), 4);
  write(point);
  file_.write(stored);
  bytes_ += stored.size();
  std::string number;
  put(number, line, 8);
  write(number);
  points_.push_back({.window_crc = extend_crc(0, stored), .place = place});
}

void SeekIndexWriter::close(std::uint64_t decompressed_bytes, std::uint64_t lines, const std::string& gzip_key) {
  std::string end;
  put(end, decompressed_bytes, 8);
  put(end, lines, 8);
  write(end);
  const std::string header = header_of(points_.size());
  const std::size_t written = transfer_all(header.size(), [&](std::size_t done) {
    return ::pwrite(file_.descriptor(), header.data() + done, header.size() - done, static_cast<off_t>(done));
  });
  if (written < header.size()) file_.fail(std::strerror(errno == 0 ? ENOSPC : errno));
  std::error_code error;
  std::filesystem::remove(sum_path(path_), error);
  if (error) file_.fail(error.message());
  file_.close();
  const auto index_crc =
      static_cast<std::uint32_t>(crc32_combine(extend_crc(0, header), table_crc_, static_cast<z_off_t>(table_bytes_)));
  write_index_sum(path_, {.gzip_key = gzip_key, .index_bytes = bytes_, .index_crc = index_crc, .points = points_});
}

}  // namespace chatload::inflate
