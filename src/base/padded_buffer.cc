// A buffer of several MiB lies in huge pages where the system has them for those who ask (transparent_hugepage/enabled:
// madvise). It then takes a page fault for each 2 MiB, not for each 4 KiB, and its addresses stay in the TLB: two
// threads inflate 256 MiB by a seek index with 180 ms of CPU instead of 191, one thread, with a buffer that is used
// again, with 152 either way (chatload_bench --benchmark_filter=InflateIndexed, the CPU column; means of eight).
#include "base/padded_buffer.h"

#include <sys/mman.h>

#include "base/units.h"

namespace chatload {
namespace {

constexpr std::size_t kHugePageBytes = 2 * kMiB;
constexpr std::size_t kCacheLineBytes = 64;

}  // namespace

PaddedBuffer::Bytes PaddedBuffer::allocate(std::size_t capacity_bytes) {
  const std::size_t bytes = capacity_bytes + kPaddingBytes;
  const std::align_val_t alignment{bytes < kHugePageBytes ? kCacheLineBytes : kHugePageBytes};
  Bytes buffer(static_cast<char*>(::operator new[](bytes, alignment)), Free{alignment});
  // No more than advice: without huge pages the buffer is as good.
  const std::size_t huge_bytes = bytes / kHugePageBytes * kHugePageBytes;
  if (huge_bytes > 0) static_cast<void>(::madvise(buffer.get(), huge_bytes, MADV_HUGEPAGE));
  return buffer;
}

}  // namespace chatload
