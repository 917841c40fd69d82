#include "source/byte_source.h"

#include <fcntl.h>
#include <unistd.h>

#include "source/file_source.h"

namespace chatload::source {

std::unique_ptr<ByteSource> open_input(const std::string& input, int stop_fd) {
  const bool is_standard_input = input == "-";
  const int fd = is_standard_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open_for_reading(input);
  return std::make_unique<FileSource>(fd, stop_fd, is_standard_input ? kStandardInputName : input);
}

}  // namespace chatload::source
