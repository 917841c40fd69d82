// read(2) and write(2), repeated after a signal and until all bytes are read or written.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

namespace chatload {

// transfer(done) reads or writes the `size` bytes but for the first `done`. Returns how many were read or written. If
// not all were, errno says why; 0 is the end of the file for a read, and no progress for a write.
template <typename Transfer>
[[nodiscard]] std::size_t transfer_all(std::size_t size, Transfer transfer) {
  std::size_t done = 0;
  while (done < size) {
    errno = 0;
    const ssize_t step = transfer(done);
    if (step > 0) {
      done += static_cast<std::size_t>(step);
    } else if (errno != EINTR) {
      break;
    }
  }
  return done;
}

[[nodiscard]] inline std::size_t read_at(int fd, std::uint64_t begin, std::span<char> bytes) {
  return transfer_all(bytes.size(), [&](std::size_t done) {
    return ::pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(begin + done));
  });
}

}  // namespace chatload
