// Ranges on their way through the graph.
#pragma once

#include <cstdint>
#include <deque>
#include <exception>
#include <string_view>
#include <vector>

#include "pipeline/source_account.h"
#include "write/write_job.h"

namespace chatload::pipeline {

struct RangeJob : write::WriteJob {
  SourceAccount* account = nullptr;
  std::vector<std::string_view> kept;  // of a copy: pieces of the range, of whole lines, in order
};

// One or more whole ranges that follow one another: the unit of memory and of scheduling, and of a transaction. Its
// jobs are the ranges that are to be written.
struct RangePack : write::Pack {
  std::deque<RangeJob> ranges;       // which stay where they are
  std::uint64_t place = 0;           // among all packs of the feed, from 0
  std::exception_ptr parse_failure;  // what the ranges are parsed to is of no use then
};

}  // namespace chatload::pipeline
