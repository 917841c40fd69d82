// One pack → one transaction, with its rejects and its rows of the ledger.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "ledger/reject_sender.h"
#include "mysql/session.h"
#include "write/range_scheduler.h"
#include "write/row_sender.h"
#include "write/write_context.h"
#include "write/write_job.h"

namespace chatload::write {

// Writes packs through one connection. Single-threaded; borrows all that it is given.
class BatchWriter {
 public:
  // failed: another writer ended the run: send and commit no more. slot: the connection's row of chatload_fences.
  BatchWriter(mysql::Session& session, const WriteContext& context, const std::atomic<bool>& failed,
              std::uint32_t slot);

  // Before the first pack: a server closes connections that idle for longer than wait_timeout, as while a load is
  // sorted. Such a one is opened again by write(), without a word.
  void notice_if_closed() noexcept;

  // Writes the rows and rejects of the pack's jobs in one transaction with their rows of the ledger, and sets each
  // job's result; of ranges that are committed already, takes the ledger's counts.
  //
  // A deadlock or a lock wait rolls back and redoes the transaction; a lost connection is opened again, and the claim
  // tells whether a COMMIT under way has arrived (range_ledger.h); both as long as the retry policy has it. A row that
  // the server refuses is found by bisection and becomes a reject, its neighbours stay. What LOAD DATA has not made a
  // row or a duplicate of, each record, is rolled back and inserted. Everything else that the server says, and any
  // warning, ends the run: throws DatabaseError, a sentence with the range's lines.
  //
  // A job whose source is given up leaves the pack, and the others are written. Where the owner allows no more refused
  // rows of a job, that gives its source up. All jobs that are left are uncommitted after a stop, and when another
  // writer failed. scheduler: has the pack in flight, and says when contested rows may go.
  void write(Pack& pack, RangeScheduler& scheduler);

 private:
  [[nodiscard]] bool goes_on(Pack& pack) const;
  void reconnect();
  void await_clearance(Pack& pack, RangeScheduler& scheduler);
  [[nodiscard]] bool write_transaction(Pack& pack, RangeScheduler& scheduler, bool may_wait_inside);
  void note_time(const Pack& pack, std::chrono::duration<double> taken) const;
  void require_values_left(std::size_t rows);
  [[nodiscard]] bool claim(const Pack& pack);
  [[nodiscard]] bool send_rows(Pack& pack, RangeScheduler& scheduler);
  void record(Pack& pack);
  [[nodiscard]] std::vector<ledger::RangeRow> rows_of(const Pack& pack) const;
  void keep_witnesses(const Pack& pack, std::span<ledger::RangeRow> rows);
  void take_recorded(Pack& pack);
  void keep_committed(const Pack& pack);
  [[nodiscard]] bool roll_back() noexcept;

  mysql::Session& session_;
  const WriteContext& context_;
  const std::atomic<bool>& failed_;
  const std::uint32_t slot_;
  ledger::RejectSender rejects_;
  RowSender rows_;
  std::uint64_t reports_before_ = 0;  // the scheduler's lock reports when the transaction was begun
  bool is_connected_ = true;
  bool is_committing_ = false;  // COMMIT was sent, its reply has not come
};

}  // namespace chatload::write
