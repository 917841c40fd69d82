#include "write/writer_pool.h"

#include <fmt/format.h>

#include <exception>
#include <utility>

#include "base/errors.h"

namespace chatload::write {

WriterPool::WriterPool(std::vector<Session> sessions, const parse::Mapping& mapping, OnDuplicate mode,
                       std::size_t statement_bytes_max, std::atomic<std::uint64_t>& retries)
    : context_{mapping, mode, statement_bytes_max, failed_, retries} {
  threads_.reserve(sessions.size());
  try {
    for (Session& session : sessions) {
      threads_.emplace_back([this, moved = std::move(session)]() mutable { run(std::move(moved)); });
    }
  } catch (const std::exception& error) {
    scheduler_.close();  // or the threads that did start would be waited for for ever
    throw EnvironmentError(
        fmt::format("No thread can be started for each of {} connections ({}); load with fewer "
                    "--connections.",
                    sessions.size(), error.what()));
  }
}

WriterPool::~WriterPool() { scheduler_.close(); }

void WriterPool::submit(WriteJob& job) { scheduler_.admit(job); }

void WriterPool::run(Session from_opener) {
  try {
    const ClientThread client_thread;
    Session session = std::move(from_opener);  // closed before the thread leaves the client library
    BatchWriter writer(session, context_);
    write_jobs([&](WriteJob& job) { writer.write(job, scheduler_); });
  } catch (...) {
    fail(std::current_exception());
    write_jobs([](WriteJob& job) { job.result = {}; });
  }
}

template <typename Write>
void WriterPool::write_jobs(Write write) {
  while (WriteJob* job = scheduler_.take()) {
    try {
      write(*job);
    } catch (...) {
      fail(std::current_exception());
    }
    scheduler_.finish(*job);
    const auto done = std::move(job->done);  // the job may be reused while this runs
    done(*job);
  }
}

// Before finish(): whoever waits for this range then sees the failure, and does not commit past it.
void WriterPool::fail(std::exception_ptr failure) {
  const std::lock_guard lock(failure_mutex_);
  if (!failure_) failure_ = std::move(failure);
  failed_ = true;
}

void WriterPool::rethrow_failure() const {
  const std::lock_guard lock(failure_mutex_);
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace chatload::write
