// What becomes of a pack:
//
//            ┌──────────────────────── again ─────────────────────────┐
//            ▼                                                        │
//   write ─► wait for lower packs, its turn, the end of a pause       │
//            │                                                        │
//            ├─ recorded by an earlier run ──► compared ──► committed │
//            ▼                                                        │
//            START TRANSACTION; hold the load; claim the ranges ──────┤ lock failure, connection lost
//            │                        │ one is there (1062)           │
//            │                        └► ROLLBACK; compared ─► committed
//            ▼                                                        │
//            rows that are not late, range after range                │
//            wait for lower packs that share keys ────────────────────┤ one of them met our locks: gives way
//            late rows, range after range ────────────────────────────┤ LOAD DATA did not do: as text
//            rejects; rows of the ledger                              │ a source is given up: without its ranges
//            COMMIT ──────────────────────────────────────────────────┘ connection lost: in doubt, so the claim tells
//            │
//            ▼
//            committed
//
// A transaction that is in doubt was committed as a whole or not at all, so after a 1062 all ranges of the pack must be
// in the ledger, and have our bytes.
#include "write/batch_writer.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/errors.h"
#include "ledger/line_failure.h"
#include "ledger/witness_text.h"
#include "ledger/witnesses.h"
#include "write/write_failure.h"

namespace chatload::write {
namespace {

void sort_by_line(std::vector<RefusedLine>& refused) {
  std::sort(refused.begin(), refused.end(), [](const RefusedLine& a, const RefusedLine& b) { return a.line < b.line; });
}

// As it stands: before its transaction its lines have come to nothing.
ledger::RangeRow row_of(const WriteJob& job) {
  const split::Range& range = job.parsed.range;
  ledger::LineCounts counts = job.result.counts;
  counts.lines = job.parsed.counts.lines;
  return {.key = job.key(),
          .compressed_end = job.compressed_end,
          .record = {.begin = range.begin,
                     .length_bytes = range.length_bytes(),
                     .digest = job.digest,
                     .first_line = job.first_line,
                     .counts = counts}};
}

bool is_given_up(const WriteJob* job) { return *job->is_given_up; }

bool has_late_rows(const Pack& pack) {
  return std::any_of(pack.jobs.begin(), pack.jobs.end(),
                     [](const WriteJob* job) { return job->order.late_begin < job->order.rows.size(); });
}

}  // namespace

BatchWriter::BatchWriter(mysql::Session& session, const WriteContext& context, const std::atomic<bool>& failed,
                         std::uint32_t slot)
    : session_(session),
      context_(context),
      failed_(failed),
      slot_(slot),
      rejects_(session, context.mapping, context.ledger.load_id(), context.statement_bytes_max),
      rows_(session, context, rejects_, failed) {}

void BatchWriter::notice_if_closed() noexcept {
  try {
    session_.execute("DO 1");
  } catch (const mysql::StatementError&) {
    is_connected_ = false;
    ++context_.disconnected;
  }
}

void BatchWriter::write(Pack& pack, RangeScheduler& scheduler) {
  for (WriteJob* const job : pack.jobs) job->result = {};
  rows_.begin_pack();
  bool may_wait_inside = true;
  std::optional<mysql::RetryPolicy::Clock::time_point> failing_since;
  for (unsigned failures = 0; goes_on(pack);) {
    std::string trouble;
    std::optional<DatabaseError> last_word;
    try {
      if (!is_connected_) {
        reconnect();
        failures = 0;
      }
      if (write_transaction(pack, scheduler, may_wait_inside)) return;
      may_wait_inside = false;
      continue;
    } catch (const mysql::ConnectError& error) {
      if (!context_.retry.may_redo(error)) throw;
      trouble = std::string(error.what());
      last_word.emplace(error);
    } catch (const mysql::StatementError& error) {
      last_word.emplace(statement_failure(pack, error, context_, is_committing_));
      const bool is_lost =
          classify(error) == mysql::ErrorClass::kConnectionLost || classify(error) == mysql::ErrorClass::kReadOnly;
      const bool is_rolled_back = roll_back();
      if (is_connected_ && (is_lost || !is_rolled_back)) {
        is_connected_ = false;
        ++context_.disconnected;
      }
      if (!context_.retry.may_redo(error)) throw *last_word;
      trouble = error.what();
      if (classify(error) == mysql::ErrorClass::kRetry) scheduler.report_locked(reports_before_);
    } catch (...) {
      static_cast<void>(roll_back());
      throw;
    }
    may_wait_inside = false;
    ++context_.retries;
    if (!failing_since) failing_since = mysql::RetryPolicy::Clock::now();
    if (!context_.retry.wait(*failing_since, failures++, trouble) && goes_on(pack)) throw *last_word;
  }
}

// Takes out the jobs whose source is given up. False where nothing is left to do, or the run is to end.
// REQUIRES: no transaction is open.
bool BatchWriter::goes_on(Pack& pack) const {
  std::erase_if(pack.jobs, is_given_up);
  return !pack.jobs.empty() && !failed_ && !context_.stop.requested();
}

// A server that came back may not be the one that went: what it acknowledged must still be there.
void BatchWriter::reconnect() {
  session_ = context_.reconnect();
  context_.ledger.hold(session_, slot_);  // whoever has taken the load over may have removed its ranges
  context_.committed.require_all(session_);
  rows_.forget_limits();
  is_connected_ = true;
  --context_.disconnected;
}

// No transaction stays open during a pause: running ones finish, and one that waits inside for this pack rolls back. A
// session that the server closes in a long pause is connected again, as after a slow input.
void BatchWriter::await_clearance(Pack& pack, RangeScheduler& scheduler) {
  context_.await_clearance([&] {
    if (!goes_on(pack)) return false;
    scheduler.report_paused();
    return true;
  });
}

// False: nothing is written, and there may be something left to do.
bool BatchWriter::write_transaction(Pack& pack, RangeScheduler& scheduler, bool may_wait_inside) {
  is_committing_ = false;
  if (pack.is_recorded()) {
    take_recorded(pack);
    return true;
  }
  if (!may_wait_inside && has_late_rows(pack)) scheduler.await_contested(pack);
  reports_before_ = scheduler.lock_reports();  // before the waits, in which there may be some
  scheduler.await_turn(pack);
  await_clearance(pack, scheduler);
  if (!goes_on(pack)) return false;

  rows_.learn_limits();
  const auto begun = std::chrono::steady_clock::now();
  session_.execute("START TRANSACTION");
  context_.ledger.hold(session_, slot_);
  if (!claim(pack)) {
    session_.execute("ROLLBACK");
    take_recorded(pack);
    context_.retry.committed();
    return true;
  }
  require_values_left(pack.rows);
  if (!send_rows(pack, scheduler) || failed_ || std::any_of(pack.jobs.begin(), pack.jobs.end(), is_given_up)) {
    session_.execute("ROLLBACK");
    return false;
  }
  require_values_left(0);
  record(pack);
  is_committing_ = true;
  session_.execute("COMMIT");
  is_committing_ = false;
  context_.retry.committed();
  rows_.committed();
  note_time(pack, std::chrono::steady_clock::now() - begun);
  keep_committed(pack);
  return true;
}

void BatchWriter::note_time(const Pack& pack, std::chrono::duration<double> taken) const {
  if (context_.slow == nullptr) return;
  const WriteJob& first = *pack.jobs.front();
  SlowTransaction transaction{
      .seconds = taken.count(),
      .source = first.source,
      .first = first.is_stretch() ? first.parsed.range.number.value() : first.first_line.value(),
      .rows = pack.rows};
  for (const WriteJob* const job : pack.jobs) transaction.lines += job->parsed.counts.lines;
  context_.slow->add(transaction);
}

void BatchWriter::require_values_left(std::size_t rows) {
  if (context_.counter) table::require_values_left(session_, context_.mapping.table, *context_.counter, rows);
}

bool BatchWriter::claim(const Pack& pack) {
  return context_.ledger.claim(session_, rows_of(pack), session_.statement_bytes_max(context_.statement_bytes_max));
}

// False: to be rolled back.
bool BatchWriter::send_rows(Pack& pack, RangeScheduler& scheduler) {
  using Outcome = RowSender::Outcome;
  rejects_.begin_transaction();
  for (WriteJob* const job : pack.jobs) {
    const parse::ParseCounts& parsed = job->parsed.counts;
    job->result = {};
    job->result.counts = {
        .lines = parsed.lines, .filtered = parsed.filtered, .rejected = parsed.rejected(), .blank = parsed.blank};
  }
  for (WriteJob* const job : pack.jobs) {
    if (rows_.send(*job, std::span(job->order.rows).first(job->order.late_begin)) != Outcome::kSent) return false;
  }
  if (!has_late_rows(pack)) return true;
  // Undoing a refused statement leaves locks on gaps where lower packs may have rows to insert.
  const auto has_refused = [](const WriteJob* job) { return job->result.undone_rows > 0; };
  const bool has_gap_locks =
      std::any_of(pack.jobs.begin(), pack.jobs.end(), has_refused) && scheduler.is_contested(pack);
  if (has_gap_locks || !scheduler.await_contested_with_locks(pack, reports_before_)) return false;
  for (WriteJob* const job : pack.jobs) {
    const auto late = std::span(job->order.rows).subspan(job->order.late_begin);
    if (rows_.insert_all(*job, late) != Outcome::kSent) return false;
  }
  return true;
}

// What is not a row of the table: rejects, and what the ranges came to.
void BatchWriter::record(Pack& pack) {
  for (WriteJob* const job : pack.jobs) {
    sort_by_line(job->result.refused);
    job->for_each_reject([&](const parse::RawReject& reject) {
      rejects_.add(reject);
      return true;
    });
  }
  rejects_.flush();
  std::vector<ledger::RangeRow> rows = rows_of(pack);
  keep_witnesses(pack, rows);
  context_.ledger.record(session_, rows, session_.statement_bytes_max(context_.statement_bytes_max));
}

// As the jobs stand.
std::vector<ledger::RangeRow> BatchWriter::rows_of(const Pack& pack) const {
  std::vector<ledger::RangeRow> rows;
  for (const WriteJob* const job : pack.jobs) rows.push_back(row_of(*job));
  return rows;
}

// Of each job the key of its witness, where the table has it.
void BatchWriter::keep_witnesses(const Pack& pack, std::span<ledger::RangeRow> rows) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const WriteJob& job = *pack.jobs[i];
    if (!job.result.witness) continue;
    rows[i].witness = ledger::witness_of(context_.mapping, job.parsed.rows.row(*job.result.witness));
    if (rows[i].witness) keys.push_back(*rows[i].witness);
  }
  if (!context_.may_lack_keys || keys.empty()) return;
  const auto count_missing = [&](std::span<const std::string> some) {
    return ledger::count_missing(session_, ledger::witness_table(context_.mapping), some);
  };
  if (count_missing(keys) == 0) return;
  for (ledger::RangeRow& row : rows) {
    if (row.witness && count_missing({&*row.witness, 1}) > 0) row.witness.reset();
  }
}

// The ranges are in the ledger: from an earlier run, or because a COMMIT of ours arrived although its reply did not;
// then each job.result.refused is what that transaction left there.
void BatchWriter::take_recorded(Pack& pack) {
  std::vector<RangeKey> keys;
  for (const WriteJob* const job : pack.jobs) keys.push_back(job->key());
  const std::map<RangeKey, ledger::RangeRecord> records = context_.ledger.find(session_, keys);
  for (WriteJob* const job : pack.jobs) {
    const auto found = records.find(job->key());
    if (found == records.end()) throw ledger::range_lost(lines_of(*job));
    const ledger::RangeRecord& record = found->second;
    if (!record.is_of_same_lines(row_of(*job).record)) {
      throw ledger::changed_source(context_.ledger.load_id(), record);
    }
    if (job->is_recorded && !job->is_stretch() && record.counts.rejected > 0 && context_.recorded_rejects_max > 0) {
      job->result.recorded_rejects = context_.ledger.rejected_lines(
          session_, job->source, job->first_line, job->parsed.counts.lines, context_.recorded_rejects_max);
    }
    job->result.counts = record.counts;
  }
  keep_committed(pack);
}

void BatchWriter::keep_committed(const Pack& pack) {
  for (WriteJob* const job : pack.jobs) {
    context_.committed.add(job->key());
    job->result.committed = true;
    if (context_.respelled != nullptr) *context_.respelled += job->result.respelled;
  }
}

// False where the server did not say that the transaction is undone: it is if the connection is gone, but nothing may
// follow on this one.
bool BatchWriter::roll_back() noexcept {
  try {
    session_.execute("ROLLBACK");
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace chatload::write
