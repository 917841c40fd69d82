// The writer threads, each with its own connection.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "parse/mapping.h"
#include "write/batch_writer.h"
#include "write/duplicates.h"
#include "write/range_scheduler.h"
#include "write/session.h"

namespace chatload::write {

// Takes ranges in file order and writes them in parallel. submit() is for one thread at a time; the rest is
// thread-safe.
class WriterPool {
 public:
  // Starts one thread a session. `mapping` and `retries` outlive the pool. Throws EnvironmentError.
  WriterPool(std::vector<Session> sessions, const parse::Mapping& mapping, OnDuplicate mode,
             std::size_t statement_bytes_max, std::atomic<std::uint64_t>& retries);
  WriterPool(const WriterPool&) = delete;
  WriterPool& operator=(const WriterPool&) = delete;
  ~WriterPool();  // waits for the jobs under way

  // Hands over the next range in file order; job.done gets it back. After a failure jobs come back at once, not
  // committed.
  void submit(WriteJob& job);

  [[nodiscard]] bool failed() const { return failed_; }

  // Throws what ended the first writer that failed; nothing if none did.
  void rethrow_failure() const;

 private:
  void run(Session from_opener);
  // Takes jobs until the pool is closed, and gives each back.
  template <typename Write>
  void write_jobs(Write write);
  void fail(std::exception_ptr failure);

  std::atomic<bool> failed_ = false;
  WriteContext context_;
  RangeScheduler scheduler_;
  mutable std::mutex failure_mutex_;  // guards failure_
  std::exception_ptr failure_;
  std::vector<std::jthread> threads_;  // last, so that they end before what they use
};

}  // namespace chatload::write
