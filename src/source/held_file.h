// A file that stays the same one while it is loaded, whatever becomes of its name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/digest.h"
#include "source/input.h"

namespace chatload::source {

// Keeps a regular file open, so that it can be looked at and read again after it was renamed, replaced, deleted or
// closed to this user. Of standard input and anything but a regular file it keeps the name alone.
class HeldFile : public Input {
 public:
  // Nothing that can wait is opened, so a named pipe and its writer notice nothing. Throws SourceError with
  // open_input()'s sentences, of anything but a regular file only what shows without opening it.
  explicit HeldFile(std::string input);

  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] bool can_seek() const override { return descriptor_ != nullptr; }
  [[nodiscard]] bool holds_descriptor() const override { return descriptor_ != nullptr; }
  [[nodiscard]] std::unique_ptr<ByteSource> open(int stop_fd) const override;
  [[nodiscard]] std::unique_ptr<ByteSource> open_at(std::uint64_t offset, int stop_fd) const override;
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, std::span<char> out) const override;
  [[nodiscard]] std::uint64_t size_bytes() const override;
  // "file:" and the digest of size, first and last 64 KiB. It does not see the middle of a file.
  [[nodiscard]] std::string content_key() const override;
  // "device:inode:size:mtime_ns:ctime_ns" of the file as it is now. One that is the same before and after a reading
  // means that the bytes were the same all the while, as far as the file system's clock tells times apart (some
  // milliseconds).
  [[nodiscard]] std::string stamp() const override;

 private:
  struct Descriptor {
    explicit Descriptor(int its_fd) : fd(its_fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();
    const int fd;
  };
  class Source;

  void digest_span(Digest& digest, std::uint64_t begin) const;

  std::string name_;
  std::shared_ptr<const Descriptor> descriptor_;
};

}  // namespace chatload::source
