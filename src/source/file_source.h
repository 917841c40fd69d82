// A file, a pipe or standard input, read through a descriptor.
#pragma once

#include <sys/types.h>

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
  // Takes over a descriptor of which it reads all behind its position, which it moves only where it must: of a regular
  // file several may be read at once. fd -1: what errno says of the opening is thrown. name: in messages.
  // Throws SourceError.
  FileSource(int fd, int stop_fd, std::string name);
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
  int fd_;
  bool can_wait_ = false;  // anything but a regular file
  off_t begin_ = 0;        // of a regular file
  bool stopped_ = false;
  std::uint64_t position_ = 0;
  std::optional<std::uint64_t> size_bytes_;
};

}  // namespace chatload::source
