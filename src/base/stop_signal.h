// SIGINT, SIGTERM and SIGHUP → a request to drain and stop, which waits can poll for.
#pragma once

#include <array>
#include <chrono>
#include <csignal>

namespace chatload {

inline constexpr std::array kStopSignals = {SIGINT, SIGTERM, SIGHUP};

// How late a stop may be noticed where it has to be asked for.
constexpr std::chrono::milliseconds kStopPoll{100};

// While one lives, the first of these signals asks for a stop and gives all of them back their default action: the
// second kills at once. A signal that is ignored on entry (nohup, a background job) stays ignored. The destructor puts
// the former actions back. One at a time in a process; the constructor throws EnvironmentError, or std::logic_error
// where another one lives.
class StopSignal {
 public:
  StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  ~StopSignal();

  // Any thread; costs one load.
  [[nodiscard]] bool requested() const noexcept;

  // Waits, from any thread. True as soon as a stop is asked for, false when the time is over.
  [[nodiscard]] bool wait_for(std::chrono::milliseconds time) const noexcept;

  // Becomes readable when a stop is asked for and stays so: poll it beside whatever a wait is for. Never read from it.
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  int fd_;
  std::array<struct sigaction, kStopSignals.size()> former_{};
};

}  // namespace chatload
