// The files that a check has read: one of the same bytes as another counts once.
#pragma once

#include <map>
#include <string>

#include "base/stop_signal.h"
#include "report/live_stats.h"
#include "report/progress.h"
#include "source/held_file.h"

namespace chatload::load {

// Single-threaded; borrows all that it is given.
class CheckedFiles {
 public:
  CheckedFiles(const report::ProgressOptions& progress, const StopSignal& stop) : progress_(progress), stop_(stop) {}

  // The name of a file with the same bytes; null where there is none. Reads all of the file where size, head and tail
  // are those of another. Throws SourceError, and Interrupted after a stop.
  [[nodiscard]] const std::string* same_as(const source::HeldFile& file, report::LiveStats& stats) const;

  // digest: of all its bytes (base/digest.h). Standard input and pipes are passed over.
  void add(const source::HeldFile& file, const std::string& digest);

 private:
  struct Checked {
    std::string name;
    std::string digest;
  };

  const report::ProgressOptions& progress_;
  const StopSignal& stop_;
  std::multimap<std::string, Checked> files_;  // by identity (source/source_identity.h)
};

}  // namespace chatload::load
