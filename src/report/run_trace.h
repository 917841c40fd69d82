// What a run learns beside its counts, for the metrics and the report. It is there before the run, and has whatever the
// run came to when it ends.
#pragma once

#include <string>

#include "report/timeline.h"

namespace chatload::report {

struct RunTrace {
  Timeline timeline;
  std::string server;  // "MySQL 9.7.0"; empty where there was no connection
};

}  // namespace chatload::report
