// A partial upload that is whole the next morning, and a file that was away for a run: the whole file's source stands
// in the place of the other's.
#pragma once

#include <cstdint>
#include <set>
#include <span>

#include "load/load.h"
#include "load/look_up.h"
#include "load/run.h"

namespace chatload::load {

// REQUIRES: all lines of the load are in.
//
// Marks as superseded each source that is not done, and has the name of one that the load has read to its end: one that
// was released, and of a load that no run is at and whose settings select the same lines, one that failed before it had
// committed anything, and one whose committed ranges are of bytes that the whole file has in the same places. Returns
// the loads that may have nothing left to do then. Throws Interrupted after a stop.
std::set<std::uint64_t> supersede_partial_sources(Run& run, const Load& load);

// The same of sources that a load lacks because no file of their name could be read then, where that file has been
// loaded before.
std::set<std::uint64_t> supersede_unread_sources(Run& run, std::span<const UnreadSource> sources);

}  // namespace chatload::load
