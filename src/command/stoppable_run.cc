// The stack: a parser takes up to 200 bytes of it for each of the 1,024 containers that JSON may nest, more than
// `ulimit -s 128` gives the main thread, which TBB lets parse, too. Threads take their stack from that limit as well.
// Only the stack of a thread that is started here is known, so the command runs on one.

#include "command/stoppable_run.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/time.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <system_error>
#include <thread>
#include <utility>

#include "base/log.h"

namespace chatload::command {
namespace {

constexpr std::size_t kStackBytes = std::size_t{8} << 20;
// Of the five seconds that a stop may take.
constexpr std::chrono::milliseconds kStopDeadline{4'000};
// What the last sentence may take.
constexpr suseconds_t kLastWordMicroseconds = 300'000;

// A failure leaves the stacks as the limit makes them.
void enlarge_stacks_of_threads() {
  pthread_attr_t attributes;
  if (::pthread_getattr_default_np(&attributes) != 0) return;
  std::size_t bytes = 0;
  if (::pthread_attr_getstacksize(&attributes, &bytes) == 0 && bytes < kStackBytes &&
      ::pthread_attr_setstacksize(&attributes, kStackBytes) == 0) {
    static_cast<void>(::pthread_setattr_default_np(&attributes));
  }
  ::pthread_attr_destroy(&attributes);
}

std::thread start(std::packaged_task<ExitCode()> task) {
  try {
    return std::thread(std::move(task));
  } catch (const std::system_error& error) {
    throw EnvironmentError(fmt::format(
        "The process may start no thread ({}). Raise its limit (ulimit -u), and run the same command again.",
        error.what()));
  }
}

[[noreturn]] void exit_interrupted(int /*signal*/ = 0) { std::_Exit(static_cast<int>(ExitCode::kInterrupted)); }

// The last sentence waits for whoever reads standard error, who may be what holds up the run.
void exit_interrupted_soon() {
  std::signal(SIGALRM, exit_interrupted);
  sigset_t alarm;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  ::pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr);
  const itimerval soon{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_usec = kLastWordMicroseconds}};
  ::setitimer(ITIMER_REAL, &soon, nullptr);
}

}  // namespace

ExitCode StoppableRun::run(const std::function<ExitCode()>& command) {
  enlarge_stacks_of_threads();
  std::packaged_task<ExitCode()> task(command);
  std::future<ExitCode> result = task.get_future();
  std::thread thread = start(std::move(task));
  const auto ends_within = [&](std::chrono::milliseconds time) {
    return result.wait_for(time) == std::future_status::ready;
  };
  while (!ends_within(kStopPoll)) {
    if (!stop_.requested()) continue;
    if (!looks_for_stop_ || !ends_within(kStopDeadline)) end_process();
    break;
  }
  thread.join();
  return result.get();
}

void StoppableRun::end_process() const {
  exit_interrupted_soon();
  log_error(looks_for_stop_
                ? "Stopped by a signal, without waiting any longer for what did not end in time. What is committed "
                  "stays; run the same command again to finish."
                : "Stopped by a signal; run the same command again.");
  std::fflush(stdout);
  exit_interrupted();
}

}  // namespace chatload::command
