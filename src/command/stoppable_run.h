// A command that a signal ends in time, whatever it waits for.
#pragma once

#include <atomic>
#include <functional>

#include "base/errors.h"
#include "base/stop_signal.h"

namespace chatload::command {

// Runs a command on a thread of its own and watches over it. Five seconds after a signal the process has ended, with
// exit code 4: a server that does not answer, or a pipe that nobody reads, can hold up whatever waits for it. Nothing
// is lost by that. What was not committed is not in the ledger, and the load's row says `running` until another run
// takes it over.
class StoppableRun {
 public:
  explicit StoppableRun(const StopSignal& stop) : stop_(stop) {}
  StoppableRun(const StoppableRun&) = delete;
  StoppableRun& operator=(const StoppableRun&) = delete;
  ~StoppableRun() = default;

  // Returns what the command returns and throws what it throws. Its thread, and each std::thread that is started from
  // now on, has a stack of 8 MiB or more, whatever `ulimit -s` says.
  ExitCode run(const std::function<ExitCode()>& command);

  // To be called by the command, from the moment when it looks for a stop itself. It then has most of the five seconds
  // to end in order; before, a stop ends it at once.
  void look_for_stop() { looks_for_stop_ = true; }

 private:
  [[noreturn]] void end_process() const;

  const StopSignal& stop_;
  std::atomic<bool> looks_for_stop_ = false;
};

}  // namespace chatload::command
