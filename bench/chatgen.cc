// chatgen: writes a seed-shaped chat log of any size; the same options give the same bytes on every machine.
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "chat_log.h"

namespace {

using chatload::bench::ChatLog;
using chatload::bench::ChatLogShape;
using chatload::bench::IdKind;

constexpr std::size_t kChunkBytes = std::size_t{256} * 1024;

// A file or standard output, plain or as gzip members of level 6 without a date, so that bytes depend on content alone.
class Output {
 public:
  Output(const std::string& path, bool is_gzip) : path_(path), is_gzip_(is_gzip) {
    file_ = path == "-" ? stdout : std::fopen(path.c_str(), "wb");
    if (file_ == nullptr) fail();
    if (is_gzip_ && deflateInit2(&deflate_, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::runtime_error("no memory for zlib");
    }
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() {
    if (is_gzip_) deflateEnd(&deflate_);
  }

  void write(std::string_view bytes) { is_gzip_ ? compress(bytes, Z_NO_FLUSH) : put(bytes); }

  void end_member() {
    if (!is_gzip_) return;
    compress({}, Z_FINISH);
    deflateReset(&deflate_);
  }

  void close() {
    if (std::fflush(file_) != 0 || (file_ != stdout && std::fclose(file_) != 0)) fail();
  }

 private:
  [[noreturn]] void fail() const { throw std::runtime_error(path_ + ": " + std::strerror(errno)); }

  void put(std::string_view bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) fail();
  }

  void compress(std::string_view bytes, int flush) {
    deflate_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    deflate_.avail_in = static_cast<uInt>(bytes.size());
    do {
      deflate_.next_out = reinterpret_cast<Bytef*>(compressed_);
      deflate_.avail_out = sizeof compressed_;
      ::deflate(&deflate_, flush);
      put({compressed_, sizeof compressed_ - deflate_.avail_out});
    } while (deflate_.avail_out == 0);
  }

  std::string path_;
  bool is_gzip_;
  std::FILE* file_ = nullptr;
  z_stream deflate_{};
  char compressed_[65536];
};

// Members end after equal numbers of lines.
void generate(const ChatLogShape& shape, std::uint64_t members, Output& output) {
  const ChatLog log(shape);
  std::string chunk;
  std::uint64_t line = 0;
  for (std::uint64_t member = 0; member < members; ++member) {
    const std::uint64_t end = shape.lines / members * (member + 1) + shape.lines % members * (member + 1) / members;
    for (; line < end; ++line) {
      log.append_line(line, chunk);
      if (chunk.size() >= kChunkBytes) {
        output.write(chunk);
        chunk.clear();
      }
    }
    output.write(chunk);
    chunk.clear();
    output.end_member();
  }
  output.close();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Writes a chat log of JSON lines, the same for the same options.", "chatgen");
  ChatLogShape shape;
  std::uint64_t members = 1;
  std::string path;
  const std::map<std::string, IdKind> id_kinds{{"v1", IdKind::kUuidV1}, {"v4", IdKind::kUuidV4}};
  const auto is_percent = CLI::Range(0.0, 100.0);
  app.add_option("--lines", shape.lines, "lines to write")->capture_default_str();
  app.add_option("--seed", shape.seed, "another seed, another log")->capture_default_str();
  app.add_option("--ids", shape.ids, "UUIDs: v1 (by time) or v4 (random)")
      ->transform(CLI::CheckedTransformer(id_kinds));
  app.add_option("--duplicates", shape.duplicates_percent, "percent of lines with an earlier line's id")
      ->check(is_percent)
      ->capture_default_str();
  app.add_option("--malformed", shape.malformed_percent,
                 "percent of lines to be rejected; as many are odd but valid, a tenth of as many blank")
      ->check(is_percent)
      ->capture_default_str();
  app.add_option("--other-types", shape.other_types_percent, "percent of lines neither message nor status")
      ->check(is_percent)
      ->capture_default_str();
  app.add_option("--members", members, "gzip members")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("-o,--output", path, "file, gzipped if its name ends in .gz; - for standard output")->required();
  CLI11_PARSE(app, argc, argv);

  try {
    Output output(path, path.ends_with(".gz"));
    generate(shape, members, output);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "chatgen: %s\n", error.what());
    return 1;
  }
  return 0;
}
