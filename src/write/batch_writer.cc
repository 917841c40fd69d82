// START TRANSACTION; claim; INSERT …; INSERT …; rejects; counts; COMMIT
//
// A table that may have a trigger gets its rows as text: of an array of rows MariaDB 10.11 counts those that a trigger
// writes as affected rows too.
//
// Counting, from what the server reports for each INSERT of n rows (a = affected rows, c = rows changed):
//   skip      a inserted, n - a duplicates
//   replace   a = inserted + 2 c, so a - 2 c inserted, the others updated, changed or not
//   fail      a inserted
//
// A statement that the server refuses for one of its rows has changed nothing (InnoDB undoes it alone), so its halves
// are sent in order: a bad row among 1,000 costs 20 more statements. From kRefusedRowByRow on in one range its rows go
// one by one, which for many bad rows is fewer.
//
// LOAD DATA LOCAL makes the best of what does not fit, with a warning, and skips duplicates, each with a warning too.
// So it has done what an INSERT would have done exactly if every record is a row or skipped, there is one warning for
// each that was skipped, and all of them are 1062. Otherwise, and where there are more warnings than the server keeps
// (max_error_count, 1,024 on MySQL unless set), the range is rolled back and inserted.
//
// Over 400 lines: a transaction's steps share its session, counts and job, and read best in their order.
#include "write/batch_writer.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <string_view>

#include "base/errors.h"
#include "base/quantity.h"
#include "write/record_stream.h"

namespace chatload::write {
namespace {

// max_allowed_packet counts the packet's command byte too.
constexpr std::size_t kPacketOverheadBytes = 64;
constexpr std::size_t kRefusedRowByRow = 100;
constexpr std::size_t kRefusedDetailsKept = 100;
// So that, with up to a tenth of them duplicates, the server keeps every warning. Larger statements are no faster.
constexpr std::size_t kLoadDataRowsMax = 10'000;
// Jobs in a row, after which a writer inserts for good: what they have the next ones have too.
constexpr unsigned kFallbacksMax = 3;
constexpr int kDuplicateEntry = 1062;
constexpr int kTooManyPreparedStatements = 1461;
// How late the end of a pause may be noticed.
constexpr std::chrono::milliseconds kPausePoll{100};

std::string lines_of(const WriteJob& job) {
  if (job.is_stretch())
    return fmt::format("the {} rows of stretch {}", job.origins.size(), job.parsed.range.number.value());
  return fmt::format("the lines {} to {}", job.first_line.value(),
                     job.first_line.value() + std::max<std::uint64_t>(job.parsed.counts.lines, 1) - 1);
}

// After the last retry, or where none can help.
DatabaseError ending(const WriteJob& job, const StatementError& error, const WriteContext& context,
                     bool is_committing) {
  const std::string lines = lines_of(job);
  const std::string retry_for = format_duration(context.retry.retry_for());
  switch (classify(error)) {
    case ErrorClass::kDuplicateKey:
      if (context.mode != OnDuplicate::kFail) break;
      return DatabaseError(fmt::format(
          "One of {} has an id that is there already, and --on-duplicate is fail ({}); ranges committed before stay: "
          "load again with --restart and --on-duplicate skip or replace.",
          lines, error.message()));
    case ErrorClass::kConnectionLost:
      return DatabaseError(
          fmt::format("The connection was lost while {} were {} ({}), and did not come back within {} (--retry-for).",
                      lines, is_committing ? "committed" : "written", error.message(), retry_for));
    case ErrorClass::kReadOnly:
      return DatabaseError(
          fmt::format("The server takes no writes ({}); load into the primary server, or make this one writable.",
                      error.message()));
    case ErrorClass::kRetry:
      return DatabaseError(fmt::format(
          "Of {}, some met locks, and redoing them for {} (--retry-for) did not help ({}); end the sessions "
          "that hold them.",
          lines, retry_for, error.message()));
    case ErrorClass::kRefused:
    case ErrorClass::kFatal: break;
  }
  return DatabaseError(fmt::format("The server ended the load at {} (error {}, SQLSTATE {}: {}); mend that first.",
                                   lines, error.code(), error.sqlstate(), error.message()));
}

LoadError lost_range(const std::string& lines) {
  return LoadError(
      fmt::format("The server has lost what it had committed of {}, as a failover to a replica that was behind does; "
                  "run the same command again to load them once more.",
                  lines));
}

std::string_view raw_of(const WriteJob& job, const parse::LineSpan& line) {
  return job.parsed.range.bytes.view().text().substr(line.begin_bytes, line.size_bytes);
}

void sort_by_line(std::vector<RefusedLine>& refused) {
  std::sort(refused.begin(), refused.end(), [](const RefusedLine& a, const RefusedLine& b) { return a.line < b.line; });
}

}  // namespace

BatchWriter::BatchWriter(Session& session, const WriteContext& context, const std::atomic<bool>& failed)
    : session_(session),
      context_(context),
      failed_(failed),
      builder_(context.mapping, context.mode, session.server().server),
      limits_(limits_of(session)),
      rejects_(context.ledger.load_id(), limits_.bytes_max) {}

// rows_max is asked for before the first transaction, when a connection that is lost may be opened again.
StatementLimits BatchWriter::limits_of(const Session& session) const {
  return {.rows_max = 0,
          .bytes_max = std::min<std::size_t>(session.server().packet_bytes_max - kPacketOverheadBytes,
                                             context_.statement_bytes_max)};
}

void BatchWriter::write(WriteJob& job, RangeScheduler& scheduler) {
  job.result = {};
  has_paged_rejects_ = false;
  bool may_wait_inside = true;
  transport_ = fallbacks_ < kFallbacksMax ? context_.transport : RowTransport::kText;
  std::optional<RetryPolicy::Clock::time_point> failing_since;
  for (unsigned failures = 0; !has_to_end();) {
    std::string trouble;
    std::optional<DatabaseError> last_word;
    try {
      if (!is_connected_) {
        reconnect();
        failures = 0;
      }
      switch (write_transaction(job, scheduler, may_wait_inside)) {
        case Outcome::kCommitted:
        case Outcome::kGivenUp: return;
        case Outcome::kRolledBack: may_wait_inside = false; continue;
      }
    } catch (const ConnectError& error) {
      if (!can_come_back(error) && !context_.retry.has_committed()) throw;
      trouble = std::string(error.what());
      last_word.emplace(error);
    } catch (const StatementError& error) {
      last_word.emplace(ending(job, error, context_, is_committing_));
      const bool is_lost = classify(error) == ErrorClass::kConnectionLost || classify(error) == ErrorClass::kReadOnly;
      const bool is_rolled_back = roll_back();
      if (is_connected_ && (is_lost || !is_rolled_back)) {
        is_connected_ = false;
        ++context_.disconnected;
      }
      if (!may_redo(error)) throw *last_word;
      trouble = error.what();
      if (classify(error) == ErrorClass::kRetry) scheduler.report_locked(reports_before_);
    } catch (...) {
      static_cast<void>(roll_back());
      throw;
    }
    may_wait_inside = false;
    ++context_.retries;
    if (!failing_since) failing_since = RetryPolicy::Clock::now();
    if (!context_.retry.wait(*failing_since, failures++, trouble) && !has_to_end()) throw *last_word;
  }
}

// A server that came back may not be the one that went: what it acknowledged must still be there.
void BatchWriter::reconnect() {
  session_ = context_.reconnect();
  context_.committed.require_all(session_);
  limits_ = limits_of(session_);
  is_connected_ = true;
  --context_.disconnected;
}

// Nothing holds locks meanwhile: transactions under way end, and one that waits inside for this range gives way. A
// session that the server closes in a long pause is connected again, as behind a slow input.
void BatchWriter::await_clearance(RangeScheduler& scheduler) {
  if (!context_.pause.is_set()) return;
  while (context_.pause.is_set() && !has_to_end()) {
    scheduler.report_paused();
    static_cast<void>(context_.stop.wait_for(kPausePoll));
  }
  context_.retry.begin_anew();
}

bool BatchWriter::may_redo(const StatementError& error) const {
  switch (classify(error)) {
    case ErrorClass::kRetry:
    case ErrorClass::kConnectionLost: return true;
    // A failover, where the server took writes before.
    case ErrorClass::kReadOnly: return context_.retry.has_committed();
    default: return false;
  }
}

BatchWriter::Outcome BatchWriter::write_transaction(WriteJob& job, RangeScheduler& scheduler, bool may_wait_inside) {
  is_committing_ = false;
  if (job.is_recorded) {
    take_recorded(job, /*by_earlier_run=*/true);
    return Outcome::kCommitted;
  }
  const WriteOrder& order = job.order;
  const bool has_contested = order.contested_begin < order.rows.size();
  if (has_contested && !may_wait_inside) scheduler.await_contested(job);
  reports_before_ = scheduler.lock_reports();  // before the waits, in which there may be some
  scheduler.await_turn(job);
  await_clearance(scheduler);
  if (has_to_end()) return Outcome::kGivenUp;

  if (limits_.rows_max == 0) limits_.rows_max = rows_of_statement(session_.round_trip());
  session_.execute("START TRANSACTION");
  if (!context_.ledger.claim(session_, job)) {
    session_.execute("ROLLBACK");
    take_recorded(job, /*by_earlier_run=*/false);
    context_.retry.committed();
    return Outcome::kCommitted;
  }
  const parse::ParseCounts& parsed = job.parsed.counts;
  counts_ = {
      .lines = job.own_lines(), .filtered = parsed.filtered, .rejected = parsed.rejected(), .blank = parsed.blank};
  job.result.refused.clear();
  rejects_.clear();
  const RowTransport transport = transport_;
  Outcome outcome = Outcome::kGivenUp;
  if (send_rows(job, 0, order.contested_begin)) {
    // Undoing a refused statement leaves locks on gaps where lower ranges may have rows to insert.
    const bool has_gap_locks = !job.result.refused.empty() && scheduler.is_contested(job);
    if (has_contested && (has_gap_locks || !scheduler.await_contested_with_locks(job, reports_before_))) {
      outcome = Outcome::kRolledBack;
    } else if (send_rows(job, order.contested_begin, order.rows.size())) {
      outcome = Outcome::kCommitted;
    }
  }
  if (transport != transport_) outcome = Outcome::kRolledBack;
  if (outcome != Outcome::kCommitted || failed_) {
    session_.execute("ROLLBACK");
    return outcome == Outcome::kRolledBack ? outcome : Outcome::kGivenUp;
  }
  sort_by_line(job.result.refused);
  send_rejects(job);
  context_.ledger.record_counts(session_, job.parsed.range.number, counts_);
  is_committing_ = true;
  session_.execute("COMMIT");
  is_committing_ = false;
  context_.committed.add(job.parsed.range.number);
  context_.retry.committed();
  if (transport_ == context_.transport) fallbacks_ = 0;
  job.result.counts = counts_;
  job.result.committed = true;
  return Outcome::kCommitted;
}

// The range is in the ledger: from an earlier run, or because a COMMIT of ours arrived although its reply did not; then
// job.result.refused is what that transaction left there.
void BatchWriter::take_recorded(WriteJob& job, bool by_earlier_run) {
  const split::Range& range = job.parsed.range;
  const std::optional<RangeRecord> record = context_.ledger.find(session_, range.number);
  if (!record) {
    throw lost_range(lines_of(job));
  }
  if (!record->has_bytes_of(range, job.digest) || record->first_line != job.first_line ||
      record->counts.lines != job.own_lines()) {
    throw changed_source(context_.ledger.load_id(), *record);
  }
  if (by_earlier_run && !job.is_stretch() && record->counts.rejected > 0 && context_.recorded_rejects_max > 0) {
    job.result.recorded_rejects =
        context_.ledger.rejected_lines(session_, job.first_line, job.parsed.counts.lines, context_.recorded_rejects_max,
                                       /*with_refused=*/job.spilled_rows == 0);
  }
  context_.committed.add(range.number);
  job.result.counts = record->counts;
  job.result.committed = true;
}

// Sends order.rows[begin, end) in as few statements as the limits allow. False if the job is to be given up, or done
// again as text.
bool BatchWriter::send_rows(WriteJob& job, std::size_t begin, std::size_t end) {
  while (begin < end) {
    if (has_to_end()) return false;
    const auto rest = std::span(job.order.rows).subspan(begin, end - begin);
    if (transport_ == RowTransport::kLoadData) {
      const auto rows = rest.first(std::min(rest.size(), kLoadDataRowsMax));
      if (!load_data(job, rows)) return false;
      begin += rows.size();
      continue;
    }
    const bool is_bound = transport_ == RowTransport::kBound;
    StatementLimits limits = limits_;
    if (job.result.refused.size() >= kRefusedRowByRow) limits.rows_max = 1;
    const std::size_t rows = is_bound ? builder_.rows_within(job.parsed.rows, rest, limits)
                                      : builder_.build(job.parsed.rows, rest, limits, text_);
    if (rows == 0) {
      throw DatabaseError(fmt::format(
          "Line {} makes a statement of more than the {} bytes that the server's max_allowed_packet allows; "
          "raise it on the server, or load with --restart and a lower --max-line.",
          place_of(job, rest.front()).line.value(), limits_.bytes_max));
    }
    try {
      count(job, rows, insert(job, rest.first(rows)));
    } catch (const StatementError& error) {
      if (is_bound && error.code() == kTooManyPreparedStatements) {
        fall_back(job, error.what());
        return false;
      }
      if (!is_rows_fault(error)) throw;
      const std::size_t half = begin + rows / 2;
      const bool goes_on = rows == 1 ? refuse(job, rest.front(), error)
                                     : send_rows(job, begin, half) && send_rows(job, half, begin + rows);
      if (!goes_on) return false;
    }
    begin += rows;
  }
  return true;
}

// Of rows whose text is in text_, or whose values fit a statement.
StatementResult BatchWriter::insert(const WriteJob& job, std::span<const std::uint32_t> rows) {
  if (transport_ == RowTransport::kText) return session_.update(text_);
  return session_.update_rows(builder_.row_insert(), rows.size(),
                              [&](std::size_t row, std::span<std::string_view> values) {
                                builder_.bind(job.parsed.rows.row(rows[row]), values, text_);
                              });
}

// False, and the transaction is to be done again as text, where it has not made a row or a duplicate of every record.
bool BatchWriter::load_data(const WriteJob& job, std::span<const std::uint32_t> rows) {
  RecordStream records(builder_, job.parsed.rows, rows, text_);
  std::string trouble;
  try {
    const LoadDataResult done =
        session_.load_data(builder_.load_data(), [&](std::span<char> out) { return records.read(out); });
    if (done.records == rows.size() && done.deleted == 0 && done.affected_rows + done.skipped == done.records &&
        done.warnings == done.skipped && are_duplicates(done.warnings)) {
      counts_.inserted += done.affected_rows;
      counts_.duplicate += done.skipped;
      return true;
    }
    trouble = fmt::format("{} rows of {}, {} records skipped, {} warnings", done.affected_rows, rows.size(),
                          done.skipped, done.warnings);
  } catch (const StatementError& error) {
    if (may_redo(error)) throw;
    trouble = error.what();
  }
  fall_back(job, trouble);
  return false;
}

// Whether the last statement's warnings, so many, are all there and each of a duplicate.
bool BatchWriter::are_duplicates(std::uint64_t warnings) {
  if (warnings == 0) return true;
  const std::vector<int> codes = session_.warning_codes();
  return codes.size() == warnings &&
         std::all_of(codes.begin(), codes.end(), [](int code) { return code == kDuplicateEntry; });
}

void BatchWriter::fall_back(const WriteJob& job, std::string_view trouble) {
  transport_ = RowTransport::kText;
  ++fallbacks_;
  spdlog::info("Rolls {} back and writes them as plain INSERTs ({}){}.", lines_of(job), trouble,
               fallbacks_ < kFallbacksMax ? "" : ", and what this connection writes from now on too");
}

// With skip and replace the table's own keys cause no 1062: a trigger has met another table's.
bool BatchWriter::is_rows_fault(const StatementError& error) const {
  const ErrorClass kind = classify(error);
  return kind == ErrorClass::kRefused || (kind == ErrorClass::kDuplicateKey && context_.mode != OnDuplicate::kFail);
}

// False where the load allows no more refused rows.
bool BatchWriter::refuse(WriteJob& job, std::uint32_t row, const StatementError& error) {
  const std::string detail = fmt::format("SQLSTATE {}: {}", error.sqlstate(), error.message());
  RefusedLine refused = place_of(job, row);
  add_reject({.line = refused.line,
              .offset = refused.offset,
              .reason = parse::RejectReason::kRefusedByServer,
              .field = {},
              .detail = detail,
              .raw = job.is_stretch() ? std::string_view() : raw_of(job, job.parsed.rows.lines[row])});
  if (job.result.refused.size() < kRefusedDetailsKept) refused.detail = detail;
  job.result.refused.push_back(std::move(refused));
  ++counts_.rejected;
  if (job.owner->allows_refused(job, job.result.refused.size())) return true;
  sort_by_line(job.result.refused);
  job.result.is_over_budget = true;
  return false;
}

// A stretch's rows come from anywhere in the input; where their ranges begin is in the ledger.
RefusedLine BatchWriter::place_of(const WriteJob& job, std::uint32_t row) {
  const parse::LineSpan& line = job.parsed.rows.lines[row];
  LineNumber first_line = job.first_line;
  ByteOffset begin = job.parsed.range.begin;
  if (job.is_stretch()) {
    const std::optional<RangeRecord> range = context_.ledger.find(session_, job.origins[row].range);
    if (!range) throw lost_range(fmt::format("range {}", job.origins[row].range.value()));
    first_line = range->first_line;
    begin = range->begin;
  }
  return {first_line + line.line_index, begin + line.begin_bytes, line.size_bytes, {}};
}

// Adds what a statement of `rows` rows did. Figures that no INSERT of such rows can give (a trigger that rewrites them
// could) end the run before the transaction is committed.
void BatchWriter::count(const WriteJob& job, std::uint64_t rows, const StatementResult& done) {
  require_no_warning(done, lines_of(job));
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
  counts_.inserted += inserted;
  (is_replace ? counts_.updated : counts_.duplicate) += rows - inserted;
}

void BatchWriter::require_no_warning(const StatementResult& done, const std::string& lines) {
  if (done.warnings == 0) return;
  throw DatabaseError(
      fmt::format("The server warned about one of {} ({}), and chatload loads nothing that is not exact; none of them "
                  "is in the table: mend the line or the table.",
                  lines, fmt::join(session_.warnings(), "; ")));
}

void BatchWriter::send_rejects(WriteJob& job) {
  if (has_paged_rejects_) job.owner->first_rejects(job.parsed);
  for (;;) {
    for (const parse::RejectedLine& reject : job.parsed.rejects) {
      const bool has_field = reject.field != parse::kNoField;
      add_reject(
          {.line = job.first_line + reject.line.line_index,
           .offset = job.parsed.range.begin + reject.line.begin_bytes,
           .reason = reject.reason,
           .field = has_field ? std::string_view(context_.mapping.fields[reject.field].column) : std::string_view(),
           .detail = {},
           .raw = raw_of(job, reject.line)});
    }
    if (!job.parsed.has_more_rejects) break;
    job.owner->more_rejects(job.parsed);
    has_paged_rejects_ = true;
  }
  flush_rejects();
}

void BatchWriter::add_reject(const Reject& reject) {
  if (rejects_.append(reject)) return;
  flush_rejects();
  if (rejects_.append(reject)) return;
  throw DatabaseError(
      fmt::format("Line {}, which is rejected, makes a statement of more than the {} bytes that the server's "
                  "max_allowed_packet allows; raise it on the server, or load with --restart and a lower --max-line.",
                  reject.line.value(), limits_.bytes_max));
}

void BatchWriter::flush_rejects() {
  if (rejects_.empty()) return;
  require_no_warning(session_.update(rejects_.sql()), "the rejected lines");
  rejects_.clear();
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
