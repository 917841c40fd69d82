#include "base/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

namespace chatload {

bool open_closed_standard_streams() noexcept {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    if (::fcntl(stream, F_GETFD) >= 0) continue;
    // The lowest number that is free is this one, as those below it are open.
    if (::open("/dev/null", O_WRONLY) != stream) return false;
  }
  return true;
}

}  // namespace chatload
