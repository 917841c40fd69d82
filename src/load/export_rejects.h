// --rejects: a load's rejected lines, from the ledger to the file.
#pragma once

#include <cstdint>
#include <string>

#include "load/run.h"

namespace chatload::load {

// All of them but those of sources that another load has, in the order of their sources and lines. Where the connection
// is lost, a new one goes on behind the last line that was written. name: of the load's sources, for messages.
// is_patient: retries as --retry-for has it. Nothing where no file was asked for. Throws DatabaseError, Interrupted,
// and EnvironmentError where the file takes no more.
void export_rejects_of(Run& run, std::uint64_t load_id, const std::string& name, bool is_patient);

}  // namespace chatload::load
