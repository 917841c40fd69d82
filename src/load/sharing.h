// --share: which of a command's inputs this run looks at next, while other runs load others of them.
//
// First each input once, some at a time. What nobody has, the caller takes; what another run has is left to it. At the
// end, the inputs of loads whose runs have died or given up come again. What is left then is with runs that are alive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <vector>

#include "load/beat_watch.h"
#include "load/run.h"
#include "load/source.h"
#include "report/summary.h"

namespace chatload::load {

// Single-threaded; borrows all that it is given.
class Sharing {
 public:
  // Has all of the inputs to look at. REQUIRES: Run::plan() has share_bytes.
  Sharing(Run& run, const std::vector<report::InputEnd>& inputs);

  // Those to look up now: at least one, about as many bytes as a load of this run shall have. None where nothing is
  // left but what runs that are alive have; asks the ledger for that, and waits for a run that may have died. Throws
  // DatabaseError and Interrupted.
  [[nodiscard]] Inputs next();

  // They come again: another run was faster, or they did not fit.
  void put_back(const Inputs& inputs);

  // Whether next() has found that no run has the load, so that this one may go on with it; once.
  [[nodiscard]] bool may_take(std::uint64_t load_id) { return free_.erase(load_id) > 0; }

  // A load of another run has these.
  void leave(std::uint64_t load_id, const Inputs& inputs);

  // What is left to other runs, by load.
  [[nodiscard]] const std::map<std::uint64_t, Inputs>& left() const { return theirs_; }

 private:
  [[nodiscard]] Inputs next_some();
  [[nodiscard]] Inputs next_without_run();

  Run& run_;
  const std::vector<report::InputEnd>& inputs_;
  std::deque<std::size_t> waiting_;
  std::map<std::uint64_t, Inputs> theirs_;
  std::set<std::uint64_t> free_;
  BeatWatch watch_;
};

}  // namespace chatload::load
