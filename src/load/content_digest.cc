#include "load/content_digest.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>

#include "base/errors.h"
#include "base/units.h"
#include "source/digesting_source.h"

namespace chatload::load {
namespace {

constexpr std::size_t kBufferBytes = kMiB;

// read: becomes the bytes that were read.
std::string digest_of(source::DigestingSource& input, std::atomic<std::uint64_t>& read, const StopSignal& stop) {
  const auto buffer = std::make_unique_for_overwrite<char[]>(kBufferBytes);
  while (const std::size_t size = input.read({buffer.get(), kBufferBytes})) {
    read += size;
    if (stop.requested()) break;
  }
  if (stop.requested() || input.stopped()) throw Interrupted();
  return input.digest_hex();
}

}  // namespace

source::ContentDigest digest_of_front(const source::Input& file, std::uint64_t bytes, const StopSignal& stop) {
  const std::unique_ptr<source::ByteSource> input = file.open(stop.fd());
  source::ContentDigest digest(source::DigestForm::kChunks);
  const auto buffer = std::make_unique_for_overwrite<char[]>(kBufferBytes);
  while (bytes > 0) {
    const std::size_t size =
        input->read({buffer.get(), static_cast<std::size_t>(std::min<std::uint64_t>(bytes, kBufferBytes))});
    if (stop.requested()) throw Interrupted();
    if (size == 0) throw SourceError(file.name() + ": was cut short while it was read; run the same command again.");
    digest.update({buffer.get(), size});
    bytes -= size;
  }
  return digest;
}

std::string digest_of(const source::Input& file, const StopSignal& stop) {
  source::DigestingSource input(file.open(stop.fd()));
  std::atomic<std::uint64_t> read = 0;
  return digest_of(input, read, stop);
}

std::string content_digest(const source::Input& file, source::DigestForm form, const report::ProgressOptions& progress,
                           report::LiveStats& stats, const StopSignal& stop) {
  source::DigestingSource input(file.open(stop.fd()), form);
  stats.next_phase();
  const report::Progress watched(stats,
                                 report::step_progress(progress, report::Phase::kCompareBytes, input.size_bytes()));
  return digest_of(input, stats.source_read, stop);
}

}  // namespace chatload::load
