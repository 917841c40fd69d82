#include "source/byte_source.h"

#include "source/file_source.h"

namespace chatload::source {

std::unique_ptr<ByteSource> open_input(const std::string& input, int stop_fd) {
  return std::make_unique<FileSource>(input, stop_fd);
}

}  // namespace chatload::source
