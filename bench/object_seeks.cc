// How long the first byte takes behind a seek in an object on a server, in milliseconds: median, 99 of 100, and most of
// 1,000 seeks to random offsets. bench/seeks runs it.
//   object_seeks URL

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/units.h"
#include "source/opener.h"

namespace chatload::source {
namespace {

constexpr std::size_t kSeeks = 1'000;
constexpr std::size_t kMemoryBytes = 32 * kMiB;

void measure(const std::string& url) {
  using Clock = std::chrono::steady_clock;
  RemoteOptions options;
  options.memory_bytes = kMemoryBytes;
  Opener opener(std::move(options));
  const std::shared_ptr<const Input> object = opener.open(opener.expand(url).front(), -1);
  std::mt19937_64 dice(1);
  std::vector<double> times_ms;
  for (std::size_t i = 0; i < kSeeks; ++i) {
    const std::uint64_t offset = dice() % object->size_bytes();
    const Clock::time_point begin = Clock::now();
    char byte = 0;
    if (object->open_at(offset, -1)->read({&byte, 1}) != 1) throw SourceError("nothing came");
    times_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
  }
  std::sort(times_ms.begin(), times_ms.end());
  fmt::print("{} seeks in {} bytes: median {:.1f} ms, 99 of 100 within {:.1f} ms, at most {:.1f} ms\n", kSeeks,
             object->size_bytes(), times_ms[kSeeks / 2], times_ms[kSeeks * 99 / 100], times_ms.back());
}

}  // namespace
}  // namespace chatload::source

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "Usage: object_seeks URL\n");
    return 64;
  }
  try {
    chatload::source::measure(argv[1]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 3;
  }
  return 0;
}
