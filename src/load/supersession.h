// A partial upload that is whole the next morning: the load of the whole file stands in the place of the partial one's.
#pragma once

#include <string>

#include "base/stop_signal.h"
#include "load/load_opener.h"
#include "mysql/control_connection.h"
#include "report/live_stats.h"
#include "source/held_file.h"

namespace chatload::load {

// REQUIRES: all lines of the load are in, the file is known by its content, and `load` is its load into `table`.
//
// Marks as superseded each unfinished load of a file of that name into that table whose settings select the same lines,
// whose committed ranges are of bytes that this file has in the same places, and of which no run is alive. A load that
// has committed nothing stays as it is: nothing says that its file was a part of this one (`chatload loads forget`
// removes it). The exception is a load of an empty file: it held no byte that this file could lack. Throws Interrupted
// after a stop.
void supersede_partial_loads(const source::HeldFile& file, const OpenLoad& load, const std::string& table,
                             mysql::ControlConnection& control, report::LiveStats& stats, const StopSignal& stop);

}  // namespace chatload::load
