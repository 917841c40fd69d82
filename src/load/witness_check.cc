// What the witnesses say goes first, and CREATE_TIME decides only where they leave a doubt, because it has two
// meanings: ALTER TABLE and OPTIMIZE TABLE (our own index build is one) set it for a table that has all of its rows, as
// CREATE TABLE does for one that has none; and TRUNCATE does not set it.
//
//   a load      its witnesses                  the table              verdict
//   unfinished  all there                      made or not            whole
//   unfinished  one missing                                           ends, --restart
//   unfinished  none kept, but it has rows     empty                  ends, --restart
//   unfinished  none kept, but it has rows     made after its begin   ends, --restart: nobody can tell; without a key,
//                                                                     which has no witnesses, if it has too few rows
//   done        all there                      made or not            whole
//   done        all missing                                           ends, --reload
//   done        some missing                   made after its end     ends, --reload: a dump from the load's midst
//   done        some missing                   not made since         whole, and a warning: old rows were deleted
//   done        none kept, but it has rows     empty                  ends, --reload
//   done        none kept, but it has rows     made after its end     whole, and a warning: nobody can tell
//
// None are kept of what a chatload before this one wrote, and of rows whose keys a trigger changed. "After its end" is
// another CREATE_TIME than the ledger kept at the end, so that no clock is compared; where it kept none, a later one
// than finished_at. CREATE_TIME has seconds: a table that is recreated within the second in which it was last made or
// altered keeps its time.
#include "load/witness_check.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "mysql/sql_text.h"

namespace chatload::load {
namespace {

std::string remedy_of(const ledger::WitnessTable& where) {
  return where.has_key
             ? "Start over with --restart. That is safe: lines whose rows are there count as duplicate or updated."
             : "Remove the load's rows that are left, and start over with --restart --allow-doubles.";
}

}  // namespace

WitnessCheck::WitnessCheck(ledger::WitnessTable where, mysql::ControlConnection& control, const StopSignal& stop)
    : where_(std::move(where)), control_(control), stop_(stop) {}

void WitnessCheck::require_rows(const std::string& input, std::uint64_t load_id) const {
  const std::string table = mysql::quote_identifier(where_.table);
  std::uint64_t all = 0;
  std::uint64_t missing = 0;
  std::optional<RangeKey> behind;
  for (;;) {
    if (stop_.requested()) throw Interrupted();
    ledger::WitnessPage page;
    missing += control_.run([&](mysql::Session& session) {
      page = ledger::read_witnesses(session, load_id, behind);
      return ledger::count_missing(session, where_, page.keys);
    });
    if (page.keys.empty()) break;
    all += page.keys.size();
    behind = page.last_range;
  }
  if (missing > 0) {
    throw LoadError(fmt::format(
        "{}: of the rows that load {} has committed, {} were looked up, one of each range, and {} of them are in {}. "
        "The table was emptied, recreated or restored since, or rows were deleted. {}",
        input, load_id, format_count(all), format_count(all - missing), table, remedy_of(where_)));
  }
  if (all > 0) return;
  const ledger::LoadTraces traces = control_.run(
      [&](mysql::Session& session) { return ledger::traces_of_unfinished(session, load_id, where_.table); });
  if (traces.is_table_empty) {
    throw LoadError(
        fmt::format("{}: load {} has committed rows, and {} is empty: it was emptied or recreated since. {}", input,
                    load_id, table, remedy_of(where_)));
  }
  const auto has_fewer_rows = [&] {
    return control_.run(
        [&](mysql::Session& session) { return ledger::has_fewer_rows(session, load_id, where_.table); });
  };
  if (traces.is_table_newer && (where_.has_key || has_fewer_rows())) {
    throw LoadError(fmt::format(
        "{}: {} was made or altered after load {} began, and the ledger has no keys by which to look for the "
        "load's rows. {}",
        input, table, load_id, remedy_of(where_)));
  }
}

void WitnessCheck::require_rows_of_done(const std::string& input, std::uint64_t load_id) const {
  const std::string table = mysql::quote_identifier(where_.table);
  std::uint64_t missing = 0;
  const ledger::DoneTraces traces = control_.run([&](mysql::Session& session) {
    ledger::DoneTraces found = ledger::traces_of_done(session, load_id, where_.table);
    if (found.kept) missing = ledger::count_missing(session, where_, *found.kept);
    return found;
  });
  if (!traces.has_rows) return;
  if (traces.is_table_empty) {
    throw LoadError(fmt::format(
        "{}: load {} is done, but {} is empty: it was emptied or recreated since. Load its files again with "
        "--reload.",
        input, load_id, table));
  }
  const std::uint64_t all = traces.kept ? traces.kept->size() : 0;
  const std::string there = fmt::format("of the rows that load {} wrote, {} were looked up, and {} of them are in {}",
                                        load_id, all, all - missing, table);
  if (missing > 0 && missing == all) {
    throw LoadError(
        fmt::format("{}: {}. The table was emptied, recreated or restored since. Load its files again with --reload.",
                    input, there));
  }
  if (missing > 0 && traces.is_table_newer) {
    throw LoadError(
        fmt::format("{}: {}. The table was made or altered since that load was done, so it may be another one. Load "
                    "its files again "
                    "with --reload.",
                    input, there));
  }
  if (missing > 0) {
    log_warning(
        fmt::format("{}: {}: {} were deleted since. --reload would load its files again.", input, there, missing));
  } else if (all == 0 && traces.is_table_newer) {
    log_warning(fmt::format(
        "{}: {} was made or altered after load {} was done, and the ledger has no keys by which to look for the load's "
        "rows. If they are not there, load its files again with --reload.",
        input, table, load_id));
  }
}

}  // namespace chatload::load
