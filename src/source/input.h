// What a command is told to read, and can look at, read, and read again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "source/byte_source.h"

namespace chatload::source {

// Stays the same bytes from when it was made on, or says that it did not. Thread-safe, as are several readings at once.
class Input {
 public:
  Input() = default;
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  virtual ~Input() = default;

  // As the user wrote it.
  [[nodiscard]] virtual const std::string& name() const = 0;

  // Whether it can be read again, and from any byte on: a regular file that was named by its path, an object in a
  // store. Anything else (standard input, a pipe) has only a name, open(), and an empty stamp().
  [[nodiscard]] virtual bool can_seek() const = 0;

  // Whether it takes one of the process's descriptors as long as it lives.
  [[nodiscard]] virtual bool holds_descriptor() const { return false; }

  // From its beginning. stop_fd: as of open_input(). What is read may outlive this. Throws SourceError.
  [[nodiscard]] virtual std::unique_ptr<ByteSource> open(int stop_fd) const = 0;
  // From a byte on.
  [[nodiscard]] virtual std::unique_ptr<ByteSource> open_at(std::uint64_t offset, int stop_fd) const = 0;
  // Fills `out` with what is at the offset, beside whatever is read; returns less where the input ends before that.
  [[nodiscard]] virtual std::size_t read_at(std::uint64_t offset, std::span<char> out) const = 0;

  [[nodiscard]] virtual std::uint64_t size_bytes() const = 0;

  // Finds the candidates for the same content elsewhere, at little cost: a kind, a colon, and 32 hexadecimal digits.
  [[nodiscard]] virtual std::string content_key() const = 0;
  // Two that have the same one (is_same_stamp()) have the same bytes.
  [[nodiscard]] virtual std::string stamp() const = 0;

  // It is read from its beginning soon.
  virtual void prefetch() const {}
  // Whether all of it can be read now without waiting for a server.
  [[nodiscard]] virtual bool is_at_hand() const { return true; }
};

}  // namespace chatload::source
