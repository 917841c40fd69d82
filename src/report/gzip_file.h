// Rejected lines → a gzip file.
#pragma once

#include <filesystem>
#include <string_view>

#include "report/placed_file.h"

struct gzFile_s;  // zlib's

namespace chatload::report {

// Single-threaded. A file that is there is replaced. Every failure throws as PlacedFile does.
class GzipFile {
 public:
  GzipFile(const std::filesystem::path& path, Placing placing);
  GzipFile(const GzipFile&) = delete;
  GzipFile& operator=(const GzipFile&) = delete;
  ~GzipFile();  // without close(): as PlacedFile's

  void write(std::string_view text);
  void close();

 private:
  [[noreturn]] void fail() const;

  PlacedFile file_;
  gzFile_s* gzip_;
};

}  // namespace chatload::report
