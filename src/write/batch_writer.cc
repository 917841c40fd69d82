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
#include <random>
#include <span>
#include <thread>

#include "base/errors.h"

namespace chatload::write {
namespace {

using Clock = std::chrono::steady_clock;

// A lock wait of the server's is 50 s by default; this leaves room for several.
constexpr std::chrono::minutes kRetryFor{5};
constexpr std::chrono::milliseconds kBackoffFirst{10};
constexpr std::chrono::milliseconds kBackoffMax{2'000};

// max_allowed_packet counts the packet's command byte too.
constexpr std::size_t kPacketOverheadBytes = 64;

std::string lines_of(const WriteJob& job) {
  return fmt::format("lines {} to {}", job.first_line.value(),
                     job.first_line.value() + std::max<std::uint64_t>(job.parsed.counts.lines, 1) - 1);
}

DatabaseError refusal(const WriteJob& job, const StatementError& error) {
  switch (classify(error)) {
    case ErrorClass::kDuplicateKey:
      return DatabaseError(fmt::format(
          "a line among {} has an id that is there already, and --on-duplicate is fail ({}); ranges committed before "
          "stay, load again with --on-duplicate skip or replace to go on",
          lines_of(job), error.message()));
    case ErrorClass::kConnectionLost:
      return DatabaseError(fmt::format(
          "the connection was lost while {} were written ({}), so whether they are in the table is not known; run the "
          "same command again: lines that are in count as duplicate or updated",
          lines_of(job), error.message()));
    case ErrorClass::kReadOnly:
      return DatabaseError(
          fmt::format("the server takes no writes ({}); load into the primary server, or make this "
                      "one writable, and run the same command again",
                      error.message()));
    case ErrorClass::kRetry:
      return DatabaseError(
          fmt::format("{} met locks of other sessions for {} minutes ({}); end what holds them and "
                      "run the same command again",
                      lines_of(job), kRetryFor.count(), error.message()));
    case ErrorClass::kFatal:
      return DatabaseError(
          fmt::format("the server ended the load at {} (error {}, SQLSTATE {}: {}); mend that and run "
                      "the same command again",
                      lines_of(job), error.code(), error.sqlstate(), error.message()));
    case ErrorClass::kRefused: break;
  }
  return DatabaseError(
      fmt::format("the server refused a row among {} (error {}, SQLSTATE {}: {}); nothing of these "
                  "lines was loaded, ranges committed before stay",
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
}

void BatchWriter::write(WriteJob& job, RangeScheduler& scheduler) {
  job.result = {};
  const auto give_up_at = Clock::now() + kRetryFor;
  for (unsigned attempt = 0; !context_.failed; ++attempt) {
    try {
      job.result = write_transaction(job, scheduler);
      return;
    } catch (const StatementError& error) {
      roll_back();
      if (classify(error) != ErrorClass::kRetry || Clock::now() >= give_up_at) throw refusal(job, error);
      ++context_.retries;
      back_off(attempt);
    } catch (...) {
      roll_back();
      throw;
    }
  }
}

WriteResult BatchWriter::write_transaction(const WriteJob& job, RangeScheduler& scheduler) {
  const WriteOrder& order = job.order;
  WriteResult result;
  session_.execute("START TRANSACTION");
  send_rows(job, 0, order.contested_begin, result);
  if (order.contested_begin < order.rows.size()) {
    scheduler.await_contested(job);
    send_rows(job, order.contested_begin, order.rows.size(), result);
  }
  if (context_.failed) {
    session_.execute("ROLLBACK");
    return {};
  }
  session_.execute("COMMIT");
  (context_.mode == OnDuplicate::kReplace ? result.updated : result.duplicate) += order.superseded;
  result.committed = true;
  return result;
}

// Sends order.rows[begin, end) in as few statements as the limits allow and adds up what they did.
void BatchWriter::send_rows(const WriteJob& job, std::size_t begin, std::size_t end, WriteResult& result) {
  while (begin < end) {
    const auto rest = std::span(job.order.rows).subspan(begin, end - begin);
    const std::size_t rows = builder_.build(job.parsed.rows, rest, limits_, sql_);
    if (rows == 0) {
      throw DatabaseError(
          fmt::format("line {} makes a statement of more than the {} bytes that the server's "
                      "max_allowed_packet allows; raise it on the server, or lower --max-line",
                      (job.first_line + job.parsed.rows.lines[rest.front()].line_index).value(), limits_.bytes_max));
    }
    const StatementResult done = session_.update(sql_);
    if (done.warnings > 0) {
      throw DatabaseError(
          fmt::format("the server warned about a row among {} ({}), and chatload loads nothing that is "
                      "not exact; nothing of these lines was loaded",
                      lines_of(job), fmt::join(session_.warnings(), "; ")));
    }
    if (context_.mode == OnDuplicate::kReplace) {
      const std::uint64_t inserted = done.affected_rows - 2 * done.changed_rows;
      result.inserted += inserted;
      result.updated += rows - inserted;
    } else {
      result.inserted += done.affected_rows;
      result.duplicate += rows - done.affected_rows;
    }
    begin += rows;
  }
}

void BatchWriter::roll_back() noexcept {
  try {
    session_.execute("ROLLBACK");
  } catch (const StatementError&) {
    // The connection is gone, and with it the transaction; the error that brought us here says so.
  }
}

}  // namespace chatload::write
