// A range on its way through the graph.
#pragma once

#include <cstdint>
#include <exception>

#include "pipeline/source_account.h"
#include "write/write_job.h"

namespace chatload::pipeline {

struct RangeJob : write::WriteJob {
  std::uint64_t place = 0;  // among all ranges of the feed, from 0
  SourceAccount* account = nullptr;
  std::exception_ptr parse_failure;  // parsed and order are of no use then
};

}  // namespace chatload::pipeline
