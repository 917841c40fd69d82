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
      const std::uint32_t slot = ledger::kFirstWriterSlot + static_cast<std::uint32_t>(threads_.size());
      threads_.emplace_back([this, &session, slot] { run(session, slot); });
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

void WriterPool::submit(Pack& pack) { scheduler_.admit(pack); }

void WriterPool::run(mysql::Session& session, std::uint32_t slot) {
  try {
    const mysql::ClientThread client_thread;
    BatchWriter writer(session, context_, failed_, slot);
    writer.notice_if_closed();
    write_packs([&](Pack& pack) { writer.write(pack, scheduler_); });
  } catch (...) {
    fail(std::current_exception());
    write_packs([](Pack& pack) {
      for (WriteJob* const job : pack.jobs) job->result = {};
    });
  }
}

template <typename Write>
void WriterPool::write_packs(Write write) {
  while (Pack* const pack = scheduler_.take()) {
    JobOwner& owner = *pack->jobs.front()->owner;
    try {
      write(*pack);
    } catch (...) {
      fail(std::current_exception());
    }
    // Before finish(), as in fail(). A source that is given up leaves the others' ranges alone.
    if (!pack->jobs.empty() && !pack->is_committed()) failed_ = true;
    scheduler_.finish(*pack);
    owner.done(*pack);
  }
}

// Before finish(): whoever waits for this pack then sees the failure, and does not commit past it. A lower line of one
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
