#include "load/heartbeat.h"

#include <exception>
#include <utility>

#include "ledger/load_ledger.h"

namespace chatload::load {

Heartbeat::Heartbeat(std::function<mysql::Session()> connect, std::chrono::milliseconds period)
    : connect_(std::move(connect)), period_(period), thread_([this] { run(); }) {}

Heartbeat::~Heartbeat() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Heartbeat::begin(std::uint64_t load_id, std::string owner) {
  {
    const std::lock_guard lock(mutex_);
    load_ = {load_id, std::move(owner)};
    is_new_ = true;
  }
  changed_.notify_one();
}

void Heartbeat::end() {
  const std::lock_guard lock(mutex_);
  load_.reset();
}

void Heartbeat::run() {
  const mysql::ClientThread client_thread;
  std::unique_lock lock(mutex_);
  while (!ends_) {
    is_new_ = false;
    if (const std::optional<Beating> load = load_) {
      lock.unlock();
      beat(*load);
      lock.lock();
    }
    changed_.wait_for(lock, period_, [this] { return ends_ || is_new_; });
  }
  session_.reset();  // before the client library's state of this thread
}

void Heartbeat::beat(const Beating& load) noexcept {
  try {
    if (!session_) session_ = connect_();
    ledger::beat(*session_, load.load_id, load.owner);
  } catch (const std::exception&) {
    session_.reset();
  }
}

}  // namespace chatload::load
