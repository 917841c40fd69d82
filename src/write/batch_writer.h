// One range → one transaction, with its rejects and its row of the ledger.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/pause.h"
#include "base/stop_signal.h"
#include "parse/mapping.h"
#include "write/range_ledger.h"
#include "write/range_scheduler.h"
#include "write/reject_statement.h"
#include "write/retry_policy.h"
#include "write/session.h"
#include "write/statement_builder.h"
#include "write/write_job.h"

namespace chatload::write {

// How rows go to the server.
enum class RowTransport {
  kText,      // a multi-row INSERT
  kBound,     // a prepared INSERT, done for an array of rows: MariaDB, and a table without triggers
  kLoadData,  // where load_data_conditions.h has nothing against it
};

// What every writer of a load shares; all of it read-only, or safe for several threads.
struct WriteContext {
  const parse::Mapping& mapping;
  OnDuplicate mode;
  RowTransport transport;
  std::size_t statement_bytes_max;   // of an INSERT, where the server's max_allowed_packet is not less
  std::size_t recorded_rejects_max;  // rejected lines to fetch of a range that an earlier run committed
  const RangeLedger& ledger;
  CommittedRanges& committed;
  std::function<Session()> reconnect;
  RetryPolicy& retry;
  const StopSignal& stop;
  const Pause& pause;                        // while it is set, no transaction is begun
  std::atomic<std::uint64_t>& retries;       // transactions redone, for the progress line
  std::atomic<std::uint64_t>& disconnected;  // writers that have no connection just now
};

// Writes ranges through one connection. Single-threaded; borrows all that it is given.
class BatchWriter {
 public:
  // failed: another writer ended the run: send and commit no more.
  BatchWriter(Session& session, const WriteContext& context, const std::atomic<bool>& failed);

  // Writes the job's rows and rejects in one transaction with its row of the ledger, and sets job.result; of a range
  // that is committed already, takes the ledger's counts.
  //
  // A deadlock or a lock wait rolls back and redoes the transaction; a lost connection is opened again, and the claim
  // tells whether a COMMIT under way has arrived (range_ledger.h); both as long as the retry policy has it. A row that
  // the server refuses is found by bisection and becomes a reject, its neighbours stay. What LOAD DATA has not made a
  // row or a duplicate of, each record, is rolled back and inserted. Everything else that the server says, and any
  // warning, ends the run: throws DatabaseError, a sentence with the range's lines.
  //
  // Leaves job.result.committed false after a stop, when another writer failed, and when the owner allows no more
  // refused rows. scheduler: has the job in flight, and says when contested rows may go.
  void write(WriteJob& job, RangeScheduler& scheduler);

 private:
  enum class Outcome { kCommitted, kRolledBack, kGivenUp };

  [[nodiscard]] bool has_to_end() const { return failed_ || context_.stop.requested(); }
  void reconnect();
  void await_clearance(RangeScheduler& scheduler);
  Outcome write_transaction(WriteJob& job, RangeScheduler& scheduler, bool may_wait_inside);
  void take_recorded(WriteJob& job, bool by_earlier_run);
  bool send_rows(WriteJob& job, std::size_t begin, std::size_t end);
  StatementResult insert(const WriteJob& job, std::span<const std::uint32_t> rows);
  bool load_data(const WriteJob& job, std::span<const std::uint32_t> rows);
  void fall_back(const WriteJob& job, std::string_view trouble);
  [[nodiscard]] bool are_duplicates(std::uint64_t warnings);
  [[nodiscard]] StatementLimits limits_of(const Session& session) const;
  [[nodiscard]] bool is_rows_fault(const StatementError& error) const;
  bool refuse(WriteJob& job, std::uint32_t row, const StatementError& error);
  [[nodiscard]] RefusedLine place_of(const WriteJob& job, std::uint32_t row);
  void count(const WriteJob& job, std::uint64_t rows, const StatementResult& done);
  void send_rejects(WriteJob& job);
  void add_reject(const Reject& reject);
  void flush_rejects();
  void require_no_warning(const StatementResult& done, const std::string& lines);
  [[nodiscard]] bool may_redo(const StatementError& error) const;
  [[nodiscard]] bool roll_back() noexcept;

  Session& session_;
  const WriteContext& context_;
  const std::atomic<bool>& failed_;
  StatementBuilder builder_;
  StatementLimits limits_;
  RowTransport transport_ = RowTransport::kText;  // of the transaction under way
  unsigned fallbacks_ = 0;                        // jobs in a row that fell back to text
  std::string text_;  // reused: an INSERT, the times of a bound row, or some records of LOAD DATA
  RejectStatement rejects_;
  LineCounts counts_;                 // of the transaction under way
  std::uint64_t reports_before_ = 0;  // the scheduler's lock reports when the transaction was begun
  bool is_connected_ = true;
  bool is_committing_ = false;      // COMMIT was sent, its reply has not come
  bool has_paged_rejects_ = false;  // the job's rejects are no longer its first ones
};

}  // namespace chatload::write
