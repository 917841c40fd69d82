// START TRANSACTION; claim; rows (row_sender.h); rejects; counts; COMMIT
#include "write/batch_writer.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "ledger/line_failure.h"
#include "ledger/witnesses.h"
#include "write/write_failure.h"

namespace chatload::write {
namespace {

void sort_by_line(std::vector<RefusedLine>& refused) {
  std::sort(refused.begin(), refused.end(), [](const RefusedLine& a, const RefusedLine& b) { return a.line < b.line; });
}

// Before its lines have come to anything.
ledger::RangeRow row_of(const WriteJob& job) {
  const split::Range& range = job.parsed.range;
  return {.key = job.key(),
          .compressed_end = job.compressed_end,
          .record = {.begin = range.begin,
                     .length_bytes = range.length_bytes(),
                     .digest = job.digest,
                     .first_line = job.first_line,
                     .counts = {.lines = job.parsed.counts.lines}}};
}

}  // namespace

BatchWriter::BatchWriter(mysql::Session& session, const WriteContext& context, const std::atomic<bool>& failed)
    : session_(session),
      context_(context),
      failed_(failed),
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

void BatchWriter::write(WriteJob& job, RangeScheduler& scheduler) {
  job.result = {};
  rows_.begin_job();
  bool may_wait_inside = true;
  std::optional<mysql::RetryPolicy::Clock::time_point> failing_since;
  for (unsigned failures = 0; !has_to_end(job);) {
    std::string trouble;
    std::optional<DatabaseError> last_word;
    try {
      if (!is_connected_) {
        reconnect();
        failures = 0;
      }
      switch (write_transaction(job, scheduler, may_wait_inside)) {
        case Outcome::kCommitted:
          if (context_.respelled != nullptr) *context_.respelled += job.result.respelled;
          return;
        case Outcome::kGivenUp: return;
        case Outcome::kRolledBack: may_wait_inside = false; continue;
      }
    } catch (const mysql::ConnectError& error) {
      if (!context_.retry.may_redo(error)) throw;
      trouble = std::string(error.what());
      last_word.emplace(error);
    } catch (const mysql::StatementError& error) {
      last_word.emplace(statement_failure(job, error, context_, is_committing_));
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
    if (!context_.retry.wait(*failing_since, failures++, trouble) && !has_to_end(job)) throw *last_word;
  }
}

// A server that came back may not be the one that went: what it acknowledged must still be there.
void BatchWriter::reconnect() {
  session_ = context_.reconnect();
  context_.committed.require_all(session_);
  rows_.forget_limits();
  is_connected_ = true;
  --context_.disconnected;
}

// Nothing holds locks meanwhile: transactions under way end, and one that waits inside for this range gives way. A
// session that the server closes in a long pause is connected again, as behind a slow input.
void BatchWriter::await_clearance(const WriteJob& job, RangeScheduler& scheduler) {
  context_.await_clearance([&] {
    if (has_to_end(job)) return false;
    scheduler.report_paused();
    return true;
  });
}

BatchWriter::Outcome BatchWriter::write_transaction(WriteJob& job, RangeScheduler& scheduler, bool may_wait_inside) {
  is_committing_ = false;
  if (job.is_recorded) {
    take_recorded(job, /*by_earlier_run=*/true);
    return Outcome::kCommitted;
  }
  const WriteOrder& order = job.order;
  const bool has_late_rows = order.late_begin < order.rows.size();
  if (has_late_rows && !may_wait_inside) scheduler.await_contested(job);
  reports_before_ = scheduler.lock_reports();  // before the waits, in which there may be some
  scheduler.await_turn(job);
  await_clearance(job, scheduler);
  if (has_to_end(job)) return Outcome::kGivenUp;

  rows_.learn_limits();
  session_.execute("START TRANSACTION");
  if (!context_.ledger.claim(session_, row_of(job))) {
    session_.execute("ROLLBACK");
    take_recorded(job, /*by_earlier_run=*/false);
    context_.retry.committed();
    return Outcome::kCommitted;
  }
  const parse::ParseCounts& parsed = job.parsed.counts;
  job.result.counts = {
      .lines = parsed.lines, .filtered = parsed.filtered, .rejected = parsed.rejected(), .blank = parsed.blank};
  job.result.refused.clear();
  job.result.witness.reset();
  job.result.respelled = 0;
  rejects_.begin_transaction();
  const std::span<const std::uint32_t> rows = order.rows;
  RowSender::Outcome sent = rows_.send(job, rows.first(order.late_begin));
  bool gives_way = false;
  if (sent == RowSender::Outcome::kSent && has_late_rows) {
    // Undoing a refused statement leaves locks on gaps where lower ranges may have rows to insert.
    const bool has_gap_locks = !job.result.refused.empty() && scheduler.is_contested(job);
    gives_way = has_gap_locks || !scheduler.await_contested_with_locks(job, reports_before_);
    if (!gives_way) sent = rows_.insert_all(job, rows.subspan(order.late_begin));
  }
  sort_by_line(job.result.refused);
  if (sent != RowSender::Outcome::kSent || gives_way || has_failed(job)) {
    session_.execute("ROLLBACK");
    return sent == RowSender::Outcome::kFellBack || gives_way ? Outcome::kRolledBack : Outcome::kGivenUp;
  }
  job.for_each_reject([&](const parse::RawReject& reject) {
    rejects_.add(reject);
    return true;
  });
  rejects_.flush();
  context_.ledger.record_counts(session_, job.key(), job.result.counts, witness_of(job));
  is_committing_ = true;
  session_.execute("COMMIT");
  is_committing_ = false;
  context_.committed.add(job.key());
  context_.retry.committed();
  rows_.committed();
  job.result.committed = true;
  return Outcome::kCommitted;
}

std::optional<std::string_view> BatchWriter::witness_of(const WriteJob& job) {
  if (!job.result.witness) return std::nullopt;
  const std::string_view key = job.parsed.rows.row(*job.result.witness)[context_.mapping.key].as_text();
  const std::string keys[] = {std::string(key)};
  if (context_.may_lack_keys && ledger::count_missing(session_, ledger::key_column(context_.mapping), keys) > 0)
    return std::nullopt;
  return key;
}

// The range is in the ledger: from an earlier run, or because a COMMIT of ours arrived although its reply did not; then
// job.result.refused is what that transaction left there.
void BatchWriter::take_recorded(WriteJob& job, bool by_earlier_run) {
  const ledger::RangeRow ours = row_of(job);
  const std::optional<ledger::RangeRecord> record = context_.ledger.find(session_, ours.key);
  if (!record) throw ledger::range_lost(lines_of(job));
  if (!record->is_of_same_lines(ours.record)) {
    throw ledger::changed_source(context_.ledger.load_id(), *record);
  }
  if (by_earlier_run && !job.is_stretch() && record->counts.rejected > 0 && context_.recorded_rejects_max > 0) {
    job.result.recorded_rejects = context_.ledger.rejected_lines(
        session_, job.source, job.first_line, job.parsed.counts.lines, context_.recorded_rejects_max);
  }
  context_.committed.add(ours.key);
  job.result.counts = record->counts;
  job.result.committed = true;
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
