#include "inflate/plain_reader.h"

namespace chatload::inflate {

std::size_t PlainReader::read(std::span<char> out) {
  const std::size_t size = input_.read(out);
  bytes_.store(input_.offset(), std::memory_order_relaxed);
  return size;
}

}  // namespace chatload::inflate
