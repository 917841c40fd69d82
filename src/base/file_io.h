// read(2), write(2) and their kin: again after a signal, and until all is done.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

namespace chatload {

// transfer(done): a system call for what is behind the first `done` of `size` bytes. Returns how many were read or
// written; where these are not all, errno says why: 0 is the end of the file.
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
