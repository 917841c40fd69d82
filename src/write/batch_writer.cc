// START TRANSACTION; INSERT …; INSERT …; COMMIT: each a statement of its own, because the connector's commit() says
// nothing on a dead connection where a statement throws.
//
// Counting, from what the server reports for each INSERT of n rows (a = affected rows, c = rows changed):
//   skip      a inserted, n - a duplicates
//   replace   a = inserted + 2 c, so a - 2 c inserted, the others updated, changed or not
//   fail      a inserted
// Rows that another row of the batch stands for count as what they would have been, one line at a time: duplicate with
// skip, updated with replace.
#include "write/batch_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>
#include <span>
#include <thread>

#include "base/errors.h"

namespace chatload::write {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::minutes kRetryFor{5};
constexpr std::chrono::milliseconds kBackoffFirst{10};
constexpr std::chrono::milliseconds kBackoffMax{2'000};

// max_allowed_packet counts the packet's command byte too.
constexpr std::size_t kPacketOverheadBytes = 64;

std::string lines_of(const WriteJob& job) {
  return fmt::format("the lines {} to {}", job.first_line.value(),
                     job.first_line.value() + std::max<std::uint64_t>(job.parsed.counts.lines, 1) - 1);
}

// In doubt: the server may have committed before it failed to say so.
DatabaseError commit_in_doubt(const WriteJob& job, const StatementError& error) {
  return DatabaseError(fmt::format(
      "The COMMIT of {} failed ({}), so whether they are in the table is not known; run the same command again: with "
      "--on-duplicate skip or replace, lines that are in count as duplicate or updated.",
      lines_of(job), error.what()));
}

DatabaseError refusal(const WriteJob& job, const StatementError& error) {
  switch (classify(error)) {
    case ErrorClass::kDuplicateKey:
      return DatabaseError(fmt::format(
          "One of {} has an id that is there already, and --on-duplicate is fail ({}); ranges committed before stay: "
          "load again with --on-duplicate skip or replace.",
          lines_of(job), error.message()));
    case ErrorClass::kConnectionLost:
      return DatabaseError(fmt::format(
          "The connection was lost while {} were written ({}), and none of them is in the table; run the same command "
          "again: with --on-duplicate skip or replace, lines that are in count as duplicate or updated.",
          lines_of(job), error.message()));
    case ErrorClass::kReadOnly:
      return DatabaseError(
          fmt::format("The server takes no writes ({}); load into the primary server, or make this "
                      "one writable, and run the same command again.",
                      error.message()));
    case ErrorClass::kRetry:
      return DatabaseError(
          fmt::format("Of {}, some met locks, and redoing them for {} minutes did not help ({}); end the sessions that "
                      "hold them and run the same command again.",
                      lines_of(job), kRetryFor.count(), error.message()));
    case ErrorClass::kFatal:
      return DatabaseError(
          fmt::format("The server ended the load at {} (error {}, SQLSTATE {}: {}); mend that and run "
                      "the same command again.",
                      lines_of(job), error.code(), error.sqlstate(), error.message()));
    case ErrorClass::kRefused: break;
  }
  return DatabaseError(fmt::format(
      "The server refused one of {} (error {}, SQLSTATE {}: {}); none of them is in the table, ranges committed before "
      "stay: mend the line or the table's rule and run the same command again.",
      lines_of(job), error.code(), error.sqlstate(), error.message()));
}

// Full jitter on the upper half: sessions that deadlocked together do not come back together.
void back_off(unsigned attempt) {
  thread_local std::minstd_rand random(std::random_device{}());
  const auto ceiling = std::min(kBackoffMax, kBackoffFirst * (1U << std::min(attempt, 10U)));
  std::uniform_int_distribution<std::chrono::milliseconds::rep> wait_ms(ceiling.count() / 2, ceiling.count());
  std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms(random)));
}

}  // namespace

BatchWriter::BatchWriter(Session& session, const WriteContext& context)
    : session_(session), context_(context), builder_(context.mapping, context.mode, session.server().server) {
  limits_.bytes_max =
      std::min<std::size_t>(session.server().packet_bytes_max - kPacketOverheadBytes, context.statement_bytes_max);
  sql_.reserve(2 * limits_.bytes_max);  // a row is written before it is found to be one too many
}

void BatchWriter::write(WriteJob& job, RangeScheduler& scheduler) {
  job.result = {};
  std::optional<Clock::time_point> give_up_at;
  for (unsigned attempt = 0; !context_.failed; ++attempt) {
    try {
      if (write_transaction(job, scheduler, /*may_wait_inside=*/attempt == 0)) return;
    } catch (const StatementError& error) {
      const bool is_rolled_back = roll_back();
      if (!give_up_at) give_up_at = Clock::now() + kRetryFor;
      if (!is_rolled_back || !may_redo(error) || Clock::now() >= *give_up_at) {
        throw is_committing_ ? commit_in_doubt(job, error) : refusal(job, error);
      }
      scheduler.report_locked();
      ++context_.retries;
      back_off(attempt);
    } catch (...) {
      static_cast<void>(roll_back());
      throw;
    }
  }
}

// A COMMIT that failed is redone only after the errors by which the server says that it rolled back.
bool BatchWriter::may_redo(const StatementError& error) const {
  constexpr int kLockWaitTimeout = 1205;
  constexpr int kDeadlock = 1213;
  if (is_committing_) return error.code() == kLockWaitTimeout || error.code() == kDeadlock;
  return classify(error) == ErrorClass::kRetry;
}

// True if the job is committed; false if it is to be tried again, or given up because another writer failed.
bool BatchWriter::write_transaction(WriteJob& job, RangeScheduler& scheduler, bool may_wait_inside) {
  const WriteOrder& order = job.order;
  const bool has_contested = order.contested_begin < order.rows.size();
  is_committing_ = false;
  if (has_contested && !may_wait_inside) scheduler.await_contested(job);

  WriteResult result;
  const std::uint64_t reports_before = scheduler.lock_reports();
  session_.execute("START TRANSACTION");
  const bool is_sent = send_rows(job, 0, order.contested_begin, result) &&
                       (!has_contested || scheduler.await_contested_with_locks(job, reports_before)) &&
                       send_rows(job, order.contested_begin, order.rows.size(), result);
  if (!is_sent || context_.failed) {
    session_.execute("ROLLBACK");
    return false;
  }
  is_committing_ = true;
  session_.execute("COMMIT");
  is_committing_ = false;
  (context_.mode == OnDuplicate::kReplace ? result.updated : result.duplicate) += order.superseded;
  result.committed = true;
  job.result = result;
  return true;
}

// Sends order.rows[begin, end) in as few statements as the limits allow and adds up what they did. False if another
// writer failed before all were sent.
bool BatchWriter::send_rows(const WriteJob& job, std::size_t begin, std::size_t end, WriteResult& result) {
  while (begin < end) {
    if (context_.failed) return false;
    const auto rest = std::span(job.order.rows).subspan(begin, end - begin);
    const std::size_t rows = builder_.build(job.parsed.rows, rest, limits_, sql_);
    if (rows == 0) {
      throw DatabaseError(
          fmt::format("Line {} makes a statement of more than the {} bytes that the server's "
                      "max_allowed_packet allows; raise it on the server, or lower --max-line.",
                      (job.first_line + job.parsed.rows.lines[rest.front()].line_index).value(), limits_.bytes_max));
    }
    count(job, rows, session_.update(sql_), result);
    begin += rows;
  }
  return true;
}

// Adds what a statement of `rows` rows did. Figures that no INSERT of such rows can give (a trigger that rewrites them
// could) end the run before the transaction is committed.
void BatchWriter::count(const WriteJob& job, std::uint64_t rows, const StatementResult& done, WriteResult& result) {
  if (done.warnings > 0) {
    throw DatabaseError(
        fmt::format("The server warned about one of {} ({}), and chatload loads nothing that is not "
                    "exact; none of them is in the table: mend the line or the table.",
                    lines_of(job), fmt::join(session_.warnings(), "; ")));
  }
  const bool is_replace = context_.mode == OnDuplicate::kReplace;
  const std::uint64_t affected_by_changes = is_replace ? 2 * done.changed_rows : 0;
  const bool is_possible = (is_replace || done.changed_rows == 0) && affected_by_changes <= done.affected_rows &&
                           done.affected_rows - affected_by_changes + (is_replace ? done.changed_rows : 0) <= rows &&
                           (context_.mode != OnDuplicate::kFail || done.affected_rows == rows);
  if (!is_possible) {
    throw DatabaseError(
        fmt::format("The server reports {} affected and {} changed rows for an INSERT of {} of {}, "
                    "which does not add up; none of them is in the table: look for a trigger on it.",
                    done.affected_rows, done.changed_rows, rows, lines_of(job)));
  }
  const std::uint64_t inserted = done.affected_rows - affected_by_changes;
  result.inserted += inserted;
  (is_replace ? result.updated : result.duplicate) += rows - inserted;
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
