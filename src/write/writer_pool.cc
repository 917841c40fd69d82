#include "write/writer_pool.h"

#include <fmt/format.h>

#include <exception>
#include <utility>

#include "base/errors.h"

namespace chatload::write {

WriterPool::WriterPool(std::span<mysql::Session> sessions, WriteContext context)
    : context_(std::move(context)), scheduler_(sessions.size()) {
  threads_.reserve(sessions.size());
  try {
    for (mysql::Session& session : sessions) {
      threads_.emplace_back([this, &session] { run(session); });
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

void WriterPool::run(mysql::Session& session) {
  try {
    const mysql::ClientThread client_thread;
    BatchWriter writer(session, context_, failed_);
    writer.notice_if_closed();
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
    // Before finish(), as in fail(). A source that is given up leaves the others' ranges alone.
    const bool is_given_up = job->is_given_up != nullptr && (job->result.is_over_budget || *job->is_given_up);
    if (!job->result.committed && !is_given_up) failed_ = true;
    if (job->result.is_over_budget) job->owner->give_up(*job);
    scheduler_.finish(*job);
    job->owner->done(*job);
  }
}

// Before finish(): whoever waits for this range then sees the failure, and does not commit past it. A lower line of one
// id must not be missing when a higher one is written, or a resume would write it out of order.
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
