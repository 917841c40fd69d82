// Inputs, each once → sources by what they hold.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/stop_signal.h"
#include "load/source.h"
#include "report/live_stats.h"
#include "report/progress.h"
#include "source/content_digest.h"
#include "source/opener.h"

namespace chatload::load {

// Each place once, by its first name; says in a line which names are left out. Places are those among the inputs kept.
[[nodiscard]] std::vector<LoadSource> distinct_inputs(const std::vector<std::string>& inputs);

// Sets the identities, by several threads, and keeps the first few files open, if they are not yet. What cannot be
// opened gets a `why_not`, and is known by its name from then on. A stop leaves some of them as they are.
void identify(std::vector<LoadSource>& sources, const source::Opener& opener,
              const std::optional<std::string>& source_id, const StopSignal& stop);

// Of an input that cannot be read.
[[nodiscard]] source::SourceIdentity identity_of_unreadable(const std::string& name);

// Finds inputs of the same bytes. Single-threaded; borrows all that it is given.
class SameContent {
 public:
  SameContent(const report::ProgressOptions& progress, report::LiveStats& stats, const StopSignal& stop)
      : progress_(progress), stats_(stats), stop_(stop) {}

  // The place of an input before this one whose bytes it has, if any. Reads all of both where size, head and tail are
  // the same. Throws SourceError, and Interrupted after a stop. REQUIRES: the source is identified, and outlives this.
  [[nodiscard]] std::optional<std::size_t> find(const LoadSource& source);

  // content_digest() of it.
  [[nodiscard]] std::string digest_of(const LoadSource& source,
                                      source::DigestForm form = source::DigestForm::kChunks) const;

 private:
  struct Seen {
    std::size_t input = 0;
    LoadSource source;   // its name and identity
    std::string digest;  // once it was asked for
  };

  const report::ProgressOptions& progress_;
  report::LiveStats& stats_;
  const StopSignal& stop_;
  std::map<std::string, std::vector<Seen>> seen_;  // by key
};

}  // namespace chatload::load
