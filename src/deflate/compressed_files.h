// Lines → one gzip or zstd file, or several that follow one another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/output.h"
#include "deflate/compressed_writer.h"

namespace chatload::deflate {

// The name of the file of that number, from 1 on: "chat-3.json.gz" of "chat.json.gz", "chat-3.gz" of "chat.gz".
[[nodiscard]] std::filesystem::path numbered_path(const std::filesystem::path& path, std::uint64_t number);

struct NumberedFile {
  std::uint64_t number;
  std::filesystem::path path;
};
// What is there under such names, by number.
[[nodiscard]] std::vector<NumberedFile> numbered_files(const std::filesystem::path& path);

// Single-threaded. Nothing is in its place before place(), and all is behind it, but for a pipe or a device, which gets
// the bytes as they come. Every failure throws as the files do.
class CompressedFiles {
 public:
  static constexpr std::size_t kFilesMax = 10'000;

  // Begins a file of that name.
  using Begin = std::function<std::unique_ptr<Output>(const std::filesystem::path&)>;

  // is_split: the files have numbers.
  CompressedFiles(std::filesystem::path path, bool is_split, CompressionOptions options, Begin begin);
  ~CompressedFiles();  // without place(): leaves nothing behind

  // Whole lines; the last of them may lack its newline, and gets it once another one follows in its file.
  void write(std::string_view lines);

  // The next lines are the next file's. Throws EnvironmentError behind kFilesMax. REQUIRES: is_split.
  void begin_next();

  // All has reached the disk.
  void end();
  void place();

  [[nodiscard]] std::size_t count() const { return files_.size(); }
  [[nodiscard]] std::uint64_t text_bytes() const { return text_bytes_; }              // of the last file
  [[nodiscard]] std::uint64_t bytes_compressed() const { return bytes_compressed_; }  // of those that have their end

 private:
  void open();
  void end_last();

  const std::filesystem::path path_;
  const bool is_split_;
  const CompressionOptions options_;
  const Begin begin_;
  std::vector<std::unique_ptr<Output>> files_;
  std::optional<CompressedWriter> writer_;  // of the last one, until end()
  std::uint64_t text_bytes_ = 0;
  bool has_open_line_ = false;  // the last file, at its end
  std::uint64_t bytes_compressed_ = 0;
};

}  // namespace chatload::deflate
