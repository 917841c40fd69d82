// Rejected lines → a gzip file.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

namespace chatload::report {

enum class Placing {
  kAtOnce,     // the file is there from the start, and whole after close()
  kWhenWhole,  // it is written beside its place and renamed by close(), so that a reader never sees half of one; a path
               // that is a device or a pipe is written to as it is
};

// Single-threaded. A file that is there is replaced. Every failure (no such folder, full disk) throws EnvironmentError
// that names the file and the cause.
class GzipFile {
 public:
  GzipFile(const std::filesystem::path& path, Placing placing);
  GzipFile(const GzipFile&) = delete;
  GzipFile& operator=(const GzipFile&) = delete;
  ~GzipFile();  // without close(): ends the file without a word, or removes what kWhenWhole has written

  void write(std::string_view text);
  void close();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chatload::report
