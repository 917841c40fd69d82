// The sources behind the one that is read, where one thread inflates each: they are begun early, side by side.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "base/ordered_workers.h"
#include "base/stop_signal.h"
#include "cli/plan.h"
#include "inflate/decoded_stream.h"
#include "inflate/head_start.h"
#include "inflate/piece_buffers.h"
#include "load/source.h"
#include "load/source_reading.h"

namespace chatload::load {

// What they give, and in which order, is the same as without it. Single-threaded; borrows all that it is given.
class SourcesAhead {
 public:
  // Of how many sources the first bytes are inflated at once. The reading thread copies nine times as many bytes in a
  // second as one thread inflates (docs/tuning.md).
  static constexpr std::size_t kAtOnceMax = 8;

  // ahead: the threads and the memory that there are while no source has them for itself.
  SourcesAhead(const std::vector<LoadSource*>& sources, const cli::ReadPlan& read, inflate::ReadAhead ahead,
               const StopSignal& stop);
  SourcesAhead(const SourcesAhead&) = delete;
  SourcesAhead& operator=(const SourcesAhead&) = delete;
  ~SourcesAhead();

  // Of a source whose turn it is: what was begun of it, or opened, or null.
  [[nodiscard]] std::unique_ptr<SourceReading> take(const LoadSource& source);

  // Begins those from a place among the sources on, as far as there is room, up to the first one that is none of them:
  // one that is no gzip, has a seek index, members that announce their sizes, or recorded ranges. That may be opened,
  // and no more. An object in a store of which some is yet to come ends it, too, until it is asked again.
  // REQUIRES: no source that is read now inflates with threads of its own. Throws EnvironmentError where no thread can
  // be had.
  void begin_from(std::size_t place);

  // The memory of one that take() gave, and that is read to its end or given up.
  void give_back(std::unique_ptr<SourceReading> reading);
  // For a source that has the threads and the memory for itself. REQUIRES: none is begun, and none is until it is read.
  void make_room() { buffers_.free_spares(); }

 private:
  [[nodiscard]] bool begin(LoadSource& source);
  [[nodiscard]] std::unique_ptr<SourceReading> open(LoadSource& source) const;

  const std::vector<LoadSource*>& sources_;
  const cli::ReadPlan& read_;
  const inflate::ReadAhead ahead_;
  const StopSignal& stop_;
  inflate::PieceBuffers buffers_;
  std::deque<std::unique_ptr<SourceReading>> begun_;  // one behind the other; the last may have no head
  const LoadSource* none_ = nullptr;                  // the last that was none of them
  OrderedWorkers<inflate::HeadStart*> workers_;       // last: it uses what was begun
};

}  // namespace chatload::load
