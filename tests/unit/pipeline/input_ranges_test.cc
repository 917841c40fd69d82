#include "pipeline/input_ranges.h"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "unit/scratch_folder.h"

namespace chatload::pipeline {
namespace {

TEST(InputRanges, SignalEndsThemInAFileThatNeverWaits) {
  const ScratchFolder folder;
  const std::string path = folder / "log";
  std::ofstream(path) << "one\ntwo\nthree\n";
  cli::ReadPlan read;
  read.split.range_bytes = 1;
  const StopSignal stop;
  InputRanges ranges(source::open_input(path, stop.fd()), read, stop);
  std::optional<split::Range> range = ranges.next({});
  ASSERT_TRUE(range);
  EXPECT_EQ(range->bytes.view().text(), "one\n");
  std::raise(SIGTERM);
  EXPECT_FALSE(ranges.next(std::move(*range)));
}

}  // namespace
}  // namespace chatload::pipeline
