// A file that stays the same one while it is loaded, whatever becomes of its name.
#pragma once

#include <memory>
#include <string>

#include "source/byte_source.h"

namespace chatload::source {

// Keeps a regular file open, so that it can be looked at and read again after it was renamed, replaced, deleted or
// closed to this user. Of standard input and anything but a regular file it keeps the name alone.
class HeldFile {
 public:
  // Nothing that can wait is opened, so a named pipe and its writer notice nothing. Throws SourceError with
  // open_input()'s sentences, of anything but a regular file only what shows without opening it.
  explicit HeldFile(std::string input);
  HeldFile(const HeldFile&) = delete;
  HeldFile& operator=(const HeldFile&) = delete;
  ~HeldFile() = default;

  // As the user wrote it.
  [[nodiscard]] const std::string& name() const { return name_; }
  // Of a regular file that was named by its path; -1 of anything else.
  [[nodiscard]] int fd() const { return descriptor_ ? descriptor_->fd : -1; }

  // open_input() of it, from its beginning. Of a regular file several can be read at once, and outlive this.
  [[nodiscard]] std::unique_ptr<ByteSource> open(int stop_fd) const;

 private:
  struct Descriptor {
    explicit Descriptor(int its_fd) : fd(its_fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();
    const int fd;
  };
  class Source;

  std::string name_;
  std::shared_ptr<const Descriptor> descriptor_;
};

}  // namespace chatload::source
