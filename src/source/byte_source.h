// Where compressed bytes come from, read once from front to back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace chatload::source {

// A sequential reader; used by one thread at a time.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // Reads 1 to out.size() bytes into out and returns how many; 0 means the end, or that a stop was asked for.
  // REQUIRES: out is not empty, and no read returned 0 before. Throws SourceError.
  [[nodiscard]] virtual std::size_t read(std::span<char> out) = 0;

  // After a read that returned 0: true if the input did not end there, a stop did.
  [[nodiscard]] virtual bool stopped() const { return false; }

  // Total bytes, where known before reading (a regular file).
  [[nodiscard]] virtual std::optional<std::uint64_t> size_bytes() const = 0;

  // As the user wrote it, or "standard input"; stands in every message about this input.
  [[nodiscard]] virtual const std::string& name() const = 0;
};

// Opens a path, or standard input for "-". stop_fd is a descriptor that becomes readable when the run shall stop
// (base/stop_signal.h): a read from anything that can wait (a pipe, a terminal, a socket) then returns 0; a regular
// file is read on. Pass -1 for none.
// Throws SourceError: no such file, a directory, no permission.
[[nodiscard]] std::unique_ptr<ByteSource> open_input(const std::string& input, int stop_fd);

}  // namespace chatload::source
