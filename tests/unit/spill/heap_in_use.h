// What the process has allocated, so that a test can hold a class to the memory that it says it takes.
#pragma once

#include <malloc.h>

#include <cstddef>

namespace chatload {

// Bytes handed out by malloc and not freed. 0 where a sanitizer's malloc keeps no such count.
inline std::size_t heap_in_use() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// What malloc takes for itself around a handful of buffers: their headers, and what fills up a page.
inline constexpr std::size_t kMallocsOwnBytes = std::size_t{8} * 1024;

}  // namespace chatload
