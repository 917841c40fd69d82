// The reference data of a mapping's lookups: read once, before anything else.
#pragma once

#include <chrono>

#include "base/stop_signal.h"
#include "cli/plan.h"
#include "mysql/endpoint.h"

namespace chatload::load {

// Where the queries of lookups go.
struct ReferenceServer {
  const mysql::Endpoint& endpoint;
  std::chrono::milliseconds retry_for;
};

// Gives read.mapping's lookups their tables. server: null where the command has none. Throws LoadError for data that
// cannot be taken (which file, where, what), UsageError where it takes more than half of --memory or there is no server
// for a query, and what reading a file or asking a server throws.
void read_references(cli::ReadPlan& read, const ReferenceServer* server, const StopSignal& stop);

}  // namespace chatload::load
