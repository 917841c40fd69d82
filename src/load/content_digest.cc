#include "load/content_digest.h"

#include <memory>

#include "base/errors.h"
#include "base/units.h"
#include "source/digesting_source.h"

namespace chatload::load {
namespace {

constexpr std::size_t kBufferBytes = kMiB;

}  // namespace

std::string content_digest(const source::HeldFile& file, const report::ProgressOptions& progress,
                           report::LiveStats& stats, const StopSignal& stop) {
  source::DigestingSource input(file.open(stop.fd()));
  stats.next_phase();
  const report::Progress watched(stats, report::step_progress(progress, "compares all bytes: ", input.size_bytes()));
  const auto buffer = std::make_unique_for_overwrite<char[]>(kBufferBytes);
  while (const std::size_t size = input.read({buffer.get(), kBufferBytes})) {
    stats.source_read += size;
    if (stop.requested()) break;
  }
  if (stop.requested() || input.stopped()) throw Interrupted();
  return input.digest_hex();
}

}  // namespace chatload::load
