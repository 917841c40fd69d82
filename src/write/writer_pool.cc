#include "write/writer_pool.h"

#include <fmt/format.h>

#include <string_view>
#include <system_error>
#include <utility>

#include "base/errors.h"

namespace chatload::write {
namespace {

// A lock that a writer meets is mostly held by another of ours that waits for it (range_scheduler.h), which gives way
// when the wait ends; InnoDB can leave such a lock on the gap beside a repeated id even under READ COMMITTED, seen once
// in 7,500 transactions of 64 KiB. With the server's default of 50 s a load would stand still that long.
constexpr std::string_view kShortLockWait = "SET SESSION innodb_lock_wait_timeout = 5";

}  // namespace

WriterPool::WriterPool(std::vector<Session> sessions, const parse::Mapping& mapping, OnDuplicate mode,
                       std::size_t statement_bytes_max, std::atomic<std::uint64_t>& retries)
    : context_{mapping, mode, statement_bytes_max, failed_, retries} {
  threads_.reserve(sessions.size());
  try {
    for (Session& session : sessions) {
      threads_.emplace_back([this, moved = std::move(session)]() mutable { run(std::move(moved)); });
    }
  } catch (const std::system_error& error) {
    scheduler_.close();  // or the threads that did start would be waited for for ever
    throw EnvironmentError(
        fmt::format("No thread can be started for each of {} connections ({}); load with fewer "
                    "--connections.",
                    sessions.size(), error.code().message()));
  }
}

WriterPool::~WriterPool() { scheduler_.close(); }

void WriterPool::submit(WriteJob& job) { scheduler_.admit(job); }

void WriterPool::run(Session from_opener) {
  const ClientThread client_thread;
  Session session = std::move(from_opener);  // closed before the thread leaves the client library
  BatchWriter writer(session, context_);
  try {
    session.execute(kShortLockWait);
  } catch (const StatementError& error) {
    fail(std::make_exception_ptr(DatabaseError(
        fmt::format("The server refused a setting of the session ({}); run the same command again.", error.what()))));
  }
  while (WriteJob* job = scheduler_.take()) {
    try {
      writer.write(*job, scheduler_);
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
