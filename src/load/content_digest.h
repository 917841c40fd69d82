// The digest of all bytes of an input, for whoever asks whether it is the same as before.
#pragma once

#include <string>

#include "base/stop_signal.h"
#include "report/live_stats.h"
#include "report/progress.h"
#include "source/content_digest.h"
#include "source/input.h"

namespace chatload::load {

// Of the first `bytes` of a regular file. Throws Interrupted, and SourceError.
[[nodiscard]] source::ContentDigest digest_of_front(const source::Input& file, std::uint64_t bytes,
                                                    const StopSignal& stop);

// source::ContentDigest::hex() of the whole input, read from its beginning. Of what can be read once only, this is that
// once. Throws SourceError, and Interrupted after a stop.
[[nodiscard]] std::string digest_of(const source::Input& file, const StopSignal& stop);

// The same under a progress line of its own. Resets `stats` and uses them.
[[nodiscard]] std::string content_digest(const source::Input& file, source::DigestForm form,
                                         const report::ProgressOptions& progress, report::LiveStats& stats,
                                         const StopSignal& stop);

}  // namespace chatload::load
