// Over 400 lines: the ways of sending rows, and what is done where the server refuses some of them.
//
// A table that may have a trigger gets its rows as text: of an array of rows MariaDB 10.11 counts those that a trigger
// writes as affected rows too. So does a server that takes no array after all, as behind a proxy that does not know
// them, or with too many prepared statements: what ends the load then is what it says to the text.
//
// Counting, from what the server reports for each INSERT of n rows (a = affected rows, c = rows changed):
//   skip      a inserted, n - a duplicates
//   replace   a = inserted + 2 c, so a - 2 c inserted, the others updated, changed or not
//   fail      a inserted
//
// Where a trigger may fire on a duplicate, skip looks the ids of a statement up first, compared as the key compares,
// and locks those that are there. It inserts the others, and rows of an id that is equal to one of those after them:
// none is a duplicate then, and a = n. One is all the same where another load puts its id there in between, or where it
// meets another unique key. Then the statement has changed nothing, and its halves are looked up again; a row alone is
// a duplicate. Where the key is no single text, rows go without that look. A table that has another unique key gets its
// rows in their order, so that such halves find the repeats.
//
// Where the key calls different ids equal, the ids of a statement are looked up after it: a row whose id is not there
// as it is spelled was a duplicate of another id (skip). replace writes the last spelling, so it looks before, too: an
// id that was there, or was sent, and is not there now has lost its row to another id.
//
// A statement that the server refuses for one of its rows has changed nothing (InnoDB undoes it alone), so its halves
// are sent in order: a bad row among 1,000 costs 20 more statements. From kUndoneRowByRow on in one range its rows go
// one by one, which for many bad rows is fewer.
//
// LOAD DATA LOCAL makes the best of what does not fit, with a warning, and skips duplicates, each with a warning too.
// So it has done what an INSERT would have done exactly if every record is a row or skipped, there is one warning for
// each that was skipped, and all of them are 1062. Otherwise, and where there are more warnings than the server keeps
// (max_error_count, 1,024 on MySQL unless set), the pack is rolled back and inserted. A statement has at most
// RowPace::kRowsMax rows: with up to a tenth of them duplicates the server keeps every warning, and larger ones are no
// faster.
#include "write/row_sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <set>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/quantity.h"
#include "ledger/line_failure.h"
#include "ledger/witness_text.h"
#include "ledger/witnesses.h"
#include "mysql/server_error.h"
#include "write/record_stream.h"
#include "write/write_failure.h"

namespace chatload::write {
namespace {

constexpr std::size_t kUndoneRowByRow = 100;
constexpr std::size_t kRefusedDetailsKept = 100;
// In a row that a server hands out for one row.
constexpr unsigned kNumbersTakenMax = 20;
// Packs in a row, after which a writer inserts for good: what they have the next ones have too.
constexpr unsigned kFallbacksMax = 3;
// Collations that cannot be compared: of two operands, of three, of more.
constexpr std::array kIllegalMixes = {ER_CANT_AGGREGATE_2COLLATIONS, ER_CANT_AGGREGATE_3COLLATIONS,
                                      ER_CANT_AGGREGATE_NCOLLATIONS};

// Whether an id was looked up that the key's character set cannot hold.
bool lacks_character(const mysql::StatementError& error) {
  return std::find(kIllegalMixes.begin(), kIllegalMixes.end(), error.code()) != kIllegalMixes.end() ||
         classify(error) == mysql::ErrorClass::kRefused;
}

}  // namespace

RowSender::RowSender(mysql::Session& session, const WriteContext& context, ledger::RejectSender& rejects,
                     const std::atomic<bool>& failed)
    : session_(session),
      context_(context),
      rejects_(rejects),
      failed_(failed),
      builder_(context.mapping, context.mode, session.server().server,
               {.only_absent = context.looks_ids_up, .own_key_only = context.counter.has_value()}),
      transport_(context.transport) {
  if (mapping::has_one_text_key(context.mapping)) {
    lookup_.emplace(context.mapping, context.key_index, session.server().server, context.respelled == nullptr);
  }
}

void RowSender::begin_pack() { transport_ = fallbacks_ < kFallbacksMax ? context_.transport : RowTransport::kText; }

void RowSender::committed() {
  if (transport_ == context_.transport) fallbacks_ = 0;
}

void RowSender::learn_limits() {
  if (limits_) return;
  limits_ = {.rows_max = rows_of_statement(session_.round_trip()),
             .bytes_max = session_.statement_bytes_max(context_.statement_bytes_max)};
}

// send() of a statement of so many rows, whose time counts for the next one.
template <typename Send>
auto RowSender::paced(std::size_t rows, Send send) {
  const auto begun = std::chrono::steady_clock::now();
  const auto note = [&](bool is_answered) {
    const auto time = std::chrono::steady_clock::now() - begun;
    if (!pace_.took(rows, time, is_answered)) return;
    log_info(fmt::format("A statement of {} rows took the server {}; sends {} at once next.", rows,
                         format_duration(std::chrono::round<std::chrono::seconds>(time)), pace_.rows_max()));
  };
  try {
    auto done = send();
    note(/*is_answered=*/true);
    return done;
  } catch (const mysql::StatementError&) {
    note(/*is_answered=*/false);
    throw;
  }
}

RowSender::Outcome RowSender::send(WriteJob& job, std::span<const std::uint32_t> rows) {
  if (transport_ != RowTransport::kLoadData) return insert_all(job, rows);
  while (!rows.empty()) {
    if (has_to_end()) return Outcome::kGivenUp;
    const auto next = rows.first(std::min(rows.size(), pace_.rows_max()));
    const Outcome outcome = load_data(job, next);
    if (outcome != Outcome::kSent) return outcome;
    rows = rows.subspan(next.size());
  }
  return Outcome::kSent;
}

RowSender::Outcome RowSender::insert_all(WriteJob& job, std::span<const std::uint32_t> rows) {
  return context_.looks_ids_up && lookup_ ? insert_absent(job, rows) : insert_in_statements(job, rows);
}

RowSender::Outcome RowSender::insert_halves(WriteJob& job, std::span<const std::uint32_t> rows) {
  const std::size_t half = rows.size() / 2;
  const Outcome lower = insert_all(job, rows.first(half));
  return lower == Outcome::kSent ? insert_all(job, rows.subspan(half)) : lower;
}

// Sends the query of these rows' ids that is in text_, and locks those that are there. Nothing where the key's
// character set lacks one of them.
std::optional<std::vector<IdMatch>> RowSender::match_ids(const WriteJob& job, std::span<const std::uint32_t> rows) {
  const auto ask = [&] { return session_.query(text_); };
  try {
    std::optional<std::vector<IdMatch>> matches = lookup_->matches(job.parsed.rows, rows, paced(rows.size(), ask));
    if (!matches) return std::nullopt;
    Ids there;
    for (const IdMatch& match : *matches) {
      if (match.there) there.insert(*match.there);
    }
    if (there.empty()) return matches;
    lookup_->hold(there, text_);
    const Ids held = IdLookup::ids_of(paced(there.size(), ask));
    for (IdMatch& match : *matches) {
      if (match.there && !held.contains(*match.there)) match.there.reset();
    }
    return matches;
  } catch (const mysql::StatementError& error) {
    if (!lacks_character(error)) throw;
    return std::nullopt;
  }
}

RowSender::Outcome RowSender::insert_absent(WriteJob& job, std::span<const std::uint32_t> rows) {
  while (!rows.empty()) {
    if (has_to_end()) return Outcome::kGivenUp;
    const StatementLimits limits{.rows_max = std::min(IdLookup::kRowsMax, pace_.rows_max()),
                                 .bytes_max = limits_->bytes_max};
    const std::size_t fitting = lookup_->match(job.parsed.rows, rows, limits, text_);
    if (fitting == 0) throw ledger::line_too_long(place_of(job, rows.front()).line, limits.bytes_max);
    const auto next = rows.first(fitting);
    const std::optional<std::vector<IdMatch>> matches = match_ids(job, next);

    Outcome outcome = Outcome::kSent;
    if (!matches) {
      outcome = fitting == 1 ? insert_in_statements(job, next) : insert_halves(job, next);
    } else {
      std::vector<std::uint32_t> absent, repeats;
      for (std::size_t place = 0; place < fitting; ++place) {
        const IdMatch& match = (*matches)[place];
        if (match.there) {
          count_duplicate(job, next[place], *match.there);
        } else {
          (match.first == place || !context_.can_reorder ? absent : repeats).push_back(next[place]);
        }
      }
      outcome = insert_in_statements(job, absent);
      if (outcome == Outcome::kSent) outcome = insert_absent(job, repeats);
    }
    if (outcome != Outcome::kSent) return outcome;
    rows = rows.subspan(fitting);
  }
  return Outcome::kSent;
}

RowSender::Outcome RowSender::insert_in_statements(WriteJob& job, std::span<const std::uint32_t> rows) {
  while (!rows.empty()) {
    if (has_to_end()) return Outcome::kGivenUp;
    const auto next = rows.first(prepare_insert(job, rows));
    const Outcome outcome = insert(job, next);
    if (outcome != Outcome::kSent) return outcome;
    rows = rows.subspan(next.size());
  }
  return Outcome::kSent;
}

// How many of these go with the next INSERT; its text, where it is text, is in text_ then.
std::size_t RowSender::prepare_insert(const WriteJob& job, std::span<const std::uint32_t> rows) {
  StatementLimits limits = *limits_;
  limits.rows_max = job.result.undone_rows < kUndoneRowByRow ? std::min(limits.rows_max, pace_.rows_max()) : 1;
  const std::size_t fitting = transport_ == RowTransport::kBound ? builder_.rows_within(job.parsed.rows, rows, limits)
                                                                 : builder_.build(job.parsed.rows, rows, limits, text_);
  if (fitting == 0) throw ledger::line_too_long(place_of(job, rows.front()).line, limits.bytes_max);
  return fitting;
}

RowSender::Outcome RowSender::insert(WriteJob& job, std::span<const std::uint32_t> rows) {
  const bool may_respell = context_.respelled != nullptr && context_.mode == OnDuplicate::kReplace;
  Ids before;
  try {
    if (may_respell) before = ids_there(job, rows);
  } catch (const mysql::StatementError& error) {
    if (!lacks_character(error)) throw;
    if (rows.size() > 1) return insert_halves(job, rows);  // one alone the server refuses below
  }
  try {
    const std::uint64_t duplicates_before = job.result.counts.duplicate + job.result.counts.updated;
    count(job, rows, send_insert(job, rows));
    const bool has_duplicates = job.result.counts.duplicate + job.result.counts.updated > duplicates_before;
    if (has_duplicates) count_respelled(job, rows, before);
    return Outcome::kSent;
  } catch (const mysql::StatementError& error) {
    // CR_UNKNOWN_ERROR: among others, a server that asked for a file where none was offered.
    if (transport_ == RowTransport::kBound && classify(error) == mysql::ErrorClass::kFatal &&
        error.code() != CR_UNKNOWN_ERROR) {
      return fall_back(job, error.what());
    }
    if (!is_rows_fault(error)) throw;
    if (rows.size() == 1 && is_of_other_row(error)) return insert_again(job, rows, error);
    if (rows.size() == 1) {
      ++job.result.undone_rows;
      if (!context_.looks_ids_up || !is_of_duplicate(error)) return refuse(job, rows.front(), error);
      count_duplicate(job, rows.front());
      return Outcome::kSent;
    }
  }
  return insert_halves(job, rows);
}

// A row alone that got a number which was taken gets the next one.
RowSender::Outcome RowSender::insert_again(WriteJob& job, std::span<const std::uint32_t> row,
                                           const mysql::StatementError& error) {
  if (++numbers_taken_ == kNumbersTakenMax) throw error;
  const Outcome outcome = insert_in_statements(job, row);
  numbers_taken_ = 0;
  return outcome;
}

mysql::StatementResult RowSender::send_insert(const WriteJob& job, std::span<const std::uint32_t> rows) {
  return paced(rows.size(), [&] {
    if (transport_ != RowTransport::kBound) return session_.update(text_);
    return session_.update_rows(builder_.row_insert(), rows.size(),
                                [&](std::size_t row, std::span<mysql::BoundValue> values) {
                                  builder_.bind(job.parsed.rows.row(rows[row]), values, text_);
                                });
  });
}

RowSender::Outcome RowSender::load_data(WriteJob& job, std::span<const std::uint32_t> rows) {
  RecordStream records(builder_, job.parsed.rows, rows, text_);
  std::string trouble;
  try {
    const mysql::LoadDataResult done = paced(rows.size(), [&] {
      return session_.load_data(builder_.load_data(), [&](std::span<char> out) { return records.read(out); });
    });
    if (done.records == rows.size() && done.deleted == 0 && done.affected_rows + done.skipped == done.records &&
        done.warnings == done.skipped && (done.skipped == 0 || context_.mode == OnDuplicate::kSkip) &&
        are_duplicates(done.warnings)) {
      job.result.counts.inserted += done.affected_rows;
      job.result.counts.duplicate += done.skipped;
      keep_witness(job, rows, done.affected_rows);
      return Outcome::kSent;
    }
    trouble = fmt::format("{} rows of {}, {} records skipped, {} warnings", done.affected_rows, rows.size(),
                          done.skipped, done.warnings);
  } catch (const mysql::StatementError& error) {
    if (context_.retry.may_redo(error)) throw;
    trouble = error.what();
  }
  return fall_back(job, trouble);
}

// Whether the last statement's warnings, so many, are all there and each of a duplicate.
bool RowSender::are_duplicates(std::uint64_t warnings) {
  if (warnings == 0) return true;
  const std::vector<int> codes = session_.warning_codes();
  return codes.size() == warnings &&
         std::all_of(codes.begin(), codes.end(), [](int code) { return code == ER_DUP_ENTRY; });
}

RowSender::Outcome RowSender::fall_back(const WriteJob& job, std::string_view trouble) {
  transport_ = RowTransport::kText;
  ++fallbacks_;
  log_info(fmt::format("The server did not take {} as they are ({}); writing them again with INSERT{}.", lines_of(job),
                       trouble, fallbacks_ < kFallbacksMax ? "" : ", and all that this connection writes after them"));
  return Outcome::kFellBack;
}

// With skip and replace the table's own keys cause no 1062: a trigger has met another table's.
bool RowSender::is_rows_fault(const mysql::StatementError& error) const {
  const mysql::ErrorClass kind = classify(error);
  return kind == mysql::ErrorClass::kRefused ||
         (kind == mysql::ErrorClass::kDuplicateKey && context_.mode != OnDuplicate::kFail);
}

RowSender::Outcome RowSender::refuse(WriteJob& job, std::uint32_t row, const mysql::StatementError& error) {
  const std::string detail = fmt::format("SQLSTATE {}: {}", error.sqlstate(), error.message());
  RefusedLine refused = place_of(job, row);
  rejects_.add({.source = refused.source,
                .line = refused.line,
                .offset = refused.offset,
                .reason = parse::RejectReason::kRefusedByServer,
                .field = {},
                .detail = detail,
                .raw = job.is_stretch() ? std::string_view() : job.raw_of(job.parsed.rows.lines[row])});
  if (job.result.refused.size() < kRefusedDetailsKept) refused.detail = detail;
  job.result.refused.push_back(std::move(refused));
  ++job.result.counts.rejected;
  if (job.owner->allows_refused(job, job.result.refused.size())) return Outcome::kSent;
  job.result.is_over_budget = true;
  *job.is_given_up = true;
  return Outcome::kGivenUp;
}

// The rows of a stretch come from any of the load's sources. The ledger says where their ranges begin.
RefusedLine RowSender::place_of(const WriteJob& job, std::uint32_t row) {
  const parse::LineSpan& line = job.parsed.rows.lines[row];
  LineNumber first_line = job.first_line;
  ByteOffset begin = job.parsed.range.begin;
  if (job.is_stretch()) {
    const std::optional<ledger::RangeRecord> range = context_.ledger.find(session_, job.origins[row].range);
    if (!range) throw ledger::range_lost(fmt::format("range {}", job.origins[row].range.number.value()));
    first_line = range->first_line;
    begin = range->begin;
  }
  const SourceOrdinal source = job.is_stretch() ? job.origins[row].range.source : job.source;
  return {source, first_line + line.line_index, begin + line.begin_bytes, line.size_bytes, {}};
}

// Adds what a statement of these rows did. Figures that no INSERT of such rows can give (a trigger that rewrites them
// could) end the run before the transaction is committed.
void RowSender::count(WriteJob& job, std::span<const std::uint32_t> sent, const mysql::StatementResult& done) {
  const std::uint64_t rows = sent.size();
  ledger::require_no_warning(session_, done, lines_of(job));
  const bool is_replace = context_.mode == OnDuplicate::kReplace;
  const bool is_fail = context_.mode == OnDuplicate::kFail;
  const std::uint64_t affected_by_changes = is_replace ? 2 * done.changed_rows : 0;
  const bool is_possible = (is_replace || done.changed_rows == 0) && affected_by_changes <= done.affected_rows &&
                           done.affected_rows - affected_by_changes + (is_replace ? done.changed_rows : 0) <= rows &&
                           (!(is_fail || context_.looks_ids_up) || done.affected_rows == rows);
  if (!is_possible) {
    throw DatabaseError(
        fmt::format("The server reports {} affected and {} changed rows for an INSERT of {} of {}, "
                    "which does not add up; none of them is in the table: look for a trigger on it.",
                    done.affected_rows, done.changed_rows, rows, lines_of(job)));
  }
  const std::uint64_t inserted = done.affected_rows - affected_by_changes;
  ledger::LineCounts& counts = job.result.counts;
  counts.inserted += inserted;
  (is_replace ? counts.updated : counts.duplicate) += rows - inserted;
  keep_witness(job, sent, inserted);
}

// REQUIRES: lookup_.
std::string_view RowSender::id_of(const WriteJob& job, std::uint32_t row) const {
  return job.parsed.rows.row(row)[context_.mapping.key.front().column].as_text();
}

// there: the equal id that the table has, as it spells it, where that is known.
void RowSender::count_duplicate(WriteJob& job, std::uint32_t row, std::optional<std::string_view> there) {
  ++job.result.counts.duplicate;
  keep_witness(job, {&row, 1}, 0);
  if (!there) return count_respelled(job, {&row, 1}, {});
  if (context_.respelled != nullptr && id_of(job, row) != there) ++job.result.respelled;
}

// Those of these rows' ids that the table has, as it spells them.
Ids RowSender::ids_there(const WriteJob& job, std::span<const std::uint32_t> rows) {
  Ids ids;
  std::string sql;
  const StatementLimits limits{.rows_max = IdLookup::kRowsMax, .bytes_max = limits_->bytes_max};
  while (!rows.empty()) {
    const std::size_t asked = lookup_->find(job.parsed.rows, rows, limits, sql);
    if (asked == 0) throw ledger::line_too_long(place_of(job, rows.front()).line, limits.bytes_max);
    ids.merge(IdLookup::ids_of(session_.query(sql)));
    rows = rows.subspan(asked);
  }
  return ids;
}

// A row that met another unique key is a duplicate, too; of its id the table may have no row at all.
void RowSender::count_respelled(WriteJob& job, std::span<const std::uint32_t> sent, const Ids& before) {
  if (context_.respelled == nullptr) return;
  const Ids there = ids_there(job, sent);
  std::vector<std::string> respelled;  // as witnesses
  const auto add = [&](std::string_view id) { respelled.push_back(ledger::witness_of_id(context_.mapping, id)); };
  for (const std::string& id : before) {
    if (!there.contains(id)) add(id);
  }
  std::set<std::string_view> counted(before.begin(), before.end());
  for (const std::uint32_t& row : sent) {
    const std::string_view id = id_of(job, row);
    const bool is_news = context_.mode != OnDuplicate::kReplace || counted.insert(id).second;
    if (is_news && !there.contains(id)) add(id);
  }
  job.result.respelled += respelled.size();
  if (context_.may_lack_keys)
    job.result.respelled -= ledger::count_missing(session_, ledger::witness_table(context_.mapping), respelled);
}

// The server says how many rows of a statement it inserted, not which.
void RowSender::keep_witness(WriteJob& job, std::span<const std::uint32_t> rows, std::uint64_t inserted) {
  const bool is_new = inserted == rows.size();
  if (job.result.witness && (job.result.is_witness_new || !is_new)) return;
  job.result.witness = rows.back();
  job.result.is_witness_new = is_new;
}

}  // namespace chatload::write
