// The writer threads, each with its own connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "mysql/session.h"
#include "write/batch_writer.h"
#include "write/range_scheduler.h"

namespace chatload::write {

// Takes one load's packs in file order and writes them in parallel. submit() is for one thread at a time; the rest is
// thread-safe.
class WriterPool {
 public:
  // Starts one thread a session. Sessions and what the context refers to outlive the pool. Throws EnvironmentError.
  WriterPool(std::span<mysql::Session> sessions, WriteContext context);
  WriterPool(const WriterPool&) = delete;
  WriterPool& operator=(const WriterPool&) = delete;
  ~WriterPool();  // waits for the packs under way

  // Hands over the next pack in file order; the owner of its jobs gets it back. After a failure or a stop packs come
  // back at once, not committed. REQUIRES: it has a job.
  void submit(Pack& pack);

  // A range was not committed, and not because its source is given up, so none is any more.
  [[nodiscard]] bool failed() const { return failed_; }

  // Throws what ended the first writer that failed; nothing if none did.
  void rethrow_failure() const;

 private:
  void run(mysql::Session& session, std::uint32_t slot);
  // Takes packs until the pool is closed, and gives each back.
  template <typename Write>
  void write_packs(Write write);
  void fail(std::exception_ptr failure);

  std::atomic<bool> failed_ = false;
  WriteContext context_;
  RangeScheduler scheduler_;
  mutable std::mutex failure_mutex_;  // guards failure_
  std::exception_ptr failure_;
  std::vector<std::jthread> threads_;  // last, so that they end before what they use
};

}  // namespace chatload::write
