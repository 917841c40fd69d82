// What the process has allocated, so that a test can hold a class to the memory that it says it takes.
#pragma once

#include <malloc.h>

#include <cstddef>

// Of <sanitizer/allocator_interface.h>, which not every compiler has; there only in a process with a sanitizer's
// malloc.
extern "C" [[gnu::weak]] std::size_t __sanitizer_get_current_allocated_bytes();

namespace chatload {

// Bytes handed out by malloc and not freed.
inline std::size_t heap_in_use() {
  if (__sanitizer_get_current_allocated_bytes != nullptr) return __sanitizer_get_current_allocated_bytes();
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// What malloc takes for itself around a handful of buffers: their headers, and what fills up a page.
inline constexpr std::size_t kMallocsOwnBytes = std::size_t{8} * 1024;

}  // namespace chatload
