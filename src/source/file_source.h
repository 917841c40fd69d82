// A file, a pipe or standard input, read through a descriptor.
#pragma once

#include <cstdint>
#include <string>

#include "source/byte_source.h"

namespace chatload::source {

inline constexpr const char* kStandardInputName = "standard input";

// open(2) for reading, without waiting for the writer of a named pipe: a descriptor, or -1 and errno.
[[nodiscard]] int open_for_reading(const std::string& path);

// The SourceError of an input that an errno says cannot be opened (EISDIR: it is a directory), or not be read on.
[[noreturn]] void throw_cannot_open(const std::string& name, int error);
[[noreturn]] void throw_cannot_read(const std::string& name, std::uint64_t after_byte, int error);

class FileSource : public ByteSource {
 public:
  // path "-" is standard input. Throws SourceError. Opening a named pipe does not wait for its writer; reading does.
  FileSource(const std::string& path, int stop_fd);
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override;

  [[nodiscard]] std::size_t read(std::span<char> out) override;
  [[nodiscard]] bool stopped() const override { return stopped_; }
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const override { return size_bytes_; }
  [[nodiscard]] const std::string& name() const override { return name_; }

 private:
  [[nodiscard]] bool wait_for_bytes();  // false: a stop came first

  std::string name_;
  int stop_fd_;
  int fd_ = -1;
  bool can_wait_ = false;  // anything but a regular file
  bool stopped_ = false;
  std::uint64_t position_ = 0;
  std::optional<std::uint64_t> size_bytes_;
};

}  // namespace chatload::source
