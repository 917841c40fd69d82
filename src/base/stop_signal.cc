// The handler may do next to nothing (man 7 signal-safety): it stores a flag, writes to an eventfd and calls sigaction.
//
// A handler is given the signal's number and nothing else, so what it works on has to be global: the flag and the
// descriptor below, both lock-free atomics. They belong to the one StopSignal that lives.

#include "base/stop_signal.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

#include "base/errors.h"

namespace chatload {
namespace {

constexpr int kNoFd = -1;

std::atomic<bool> stop_requested{false};
std::atomic<int> wake_fd{kNoFd};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void on_signal(int /*signal*/) {
  const int saved_errno = errno;
  for (const int signal : kStopSignals) {
    struct sigaction action {};
    sigaction(signal, nullptr, &action);
    if (action.sa_handler != on_signal) continue;  // it is ignored, and stays so
    action.sa_handler = SIG_DFL;
    sigaction(signal, &action, nullptr);
  }
  stop_requested.store(true);
  const std::uint64_t one = 1;
  // An eventfd takes the first write always; there is nobody to tell if it did not.
  [[maybe_unused]] const ssize_t written = write(wake_fd.load(), &one, sizeof one);
  errno = saved_errno;
}

}  // namespace

StopSignal::StopSignal() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) throw EnvironmentError(std::string("Cannot wait for signals: eventfd: ") + std::strerror(errno));
  int none = kNoFd;
  if (!wake_fd.compare_exchange_strong(none, fd_)) {
    close(fd_);
    throw std::logic_error("two StopSignals at a time");
  }
  stop_requested.store(false);

  struct sigaction ours {};
  ours.sa_handler = on_signal;
  ours.sa_flags = SA_RESTART;  // the eventfd wakes our waits; nobody else's system call need fail
  for (const int signal : kStopSignals) sigaddset(&ours.sa_mask, signal);
  for (std::size_t i = 0; i < kStopSignals.size(); ++i) {
    sigaction(kStopSignals[i], nullptr, &former_[i]);
    if (former_[i].sa_handler != SIG_IGN) sigaction(kStopSignals[i], &ours, nullptr);
  }
}

StopSignal::~StopSignal() {
  for (std::size_t i = 0; i < kStopSignals.size(); ++i) sigaction(kStopSignals[i], &former_[i], nullptr);
  wake_fd.store(kNoFd);
  close(fd_);
}

bool StopSignal::requested() const noexcept { return stop_requested.load(std::memory_order_relaxed); }

bool StopSignal::wait_for(std::chrono::milliseconds time) const noexcept {
  pollfd wake{fd_, POLLIN, 0};
  // A poll that ends early, for whatever reason, is a shorter wait.
  static_cast<void>(poll(&wake, 1, static_cast<int>(time.count())));
  return requested();
}

}  // namespace chatload
