// One range → one transaction, with its rejects and its row of the ledger.
#pragma once

#include <atomic>
#include <cstdint>

#include "ledger/reject_sender.h"
#include "mysql/session.h"
#include "write/range_scheduler.h"
#include "write/row_sender.h"
#include "write/write_context.h"
#include "write/write_job.h"

namespace chatload::write {

// Writes ranges through one connection. Single-threaded; borrows all that it is given.
class BatchWriter {
 public:
  // failed: another writer ended the run: send and commit no more.
  BatchWriter(mysql::Session& session, const WriteContext& context, const std::atomic<bool>& failed);

  // Before the first job: a server closes connections that idle for longer than wait_timeout, as while a load is
  // sorted. Such a one is opened again by write(), without a word.
  void notice_if_closed() noexcept;

  // Writes the job's rows and rejects in one transaction with its row of the ledger, and sets job.result; of a range
  // that is committed already, takes the ledger's counts.
  //
  // A deadlock or a lock wait rolls back and redoes the transaction; a lost connection is opened again, and the claim
  // tells whether a COMMIT under way has arrived (range_ledger.h); both as long as the retry policy has it. A row that
  // the server refuses is found by bisection and becomes a reject, its neighbours stay. What LOAD DATA has not made a
  // row or a duplicate of, each record, is rolled back and inserted. Everything else that the server says, and any
  // warning, ends the run: throws DatabaseError, a sentence with the range's lines.
  //
  // Leaves job.result.committed false after a stop, when another writer failed, when the job's source is given up, and
  // when the owner allows no more refused rows. scheduler: has the job in flight, and says when contested rows may go.
  void write(WriteJob& job, RangeScheduler& scheduler);

 private:
  enum class Outcome { kCommitted, kRolledBack, kGivenUp };

  [[nodiscard]] bool has_failed(const WriteJob& job) const {
    return failed_ || (job.is_given_up != nullptr && *job.is_given_up);
  }
  [[nodiscard]] bool has_to_end(const WriteJob& job) const { return has_failed(job) || context_.stop.requested(); }
  void reconnect();
  void await_clearance(const WriteJob& job, RangeScheduler& scheduler);
  Outcome write_transaction(WriteJob& job, RangeScheduler& scheduler, bool may_wait_inside);
  [[nodiscard]] std::optional<std::string_view> witness_of(const WriteJob& job);
  void take_recorded(WriteJob& job, bool by_earlier_run);
  [[nodiscard]] bool roll_back() noexcept;

  mysql::Session& session_;
  const WriteContext& context_;
  const std::atomic<bool>& failed_;
  ledger::RejectSender rejects_;
  RowSender rows_;
  std::uint64_t reports_before_ = 0;  // the scheduler's lock reports when the transaction was begun
  bool is_connected_ = true;
  bool is_committing_ = false;  // COMMIT was sent, its reply has not come
};

}  // namespace chatload::write
