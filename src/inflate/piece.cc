#include "inflate/piece.h"

namespace chatload::inflate {

bool append(BufferedInput& input, std::size_t bytes, PaddedBuffer& buffer) {
  while (bytes > 0) {
    const std::size_t read_bytes = input.read(buffer.free_space().first(bytes));
    if (read_bytes == 0) return false;
    buffer.advance(read_bytes);
    bytes -= read_bytes;
  }
  return true;
}

}  // namespace chatload::inflate
