// Rows of one key come one after the other, those of earlier lines first. So the first of them is what `skip` would
// keep; it is copied, as a batch of the cursor may end behind it, and the others are compared with the copy.
#include "load/duplicate_survey.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "pipeline/range_sinks.h"
#include "report/live_stats.h"
#include "spill/merge_cursor.h"

namespace chatload::load {
namespace {

using mapping::Origin;

// A cell that borrows nothing.
struct OwnCell {
  parse::Cell cell;
  std::string text;

  explicit OwnCell(const parse::Cell& of) : cell(of), text(of.is_borrowed() ? of.as_text() : "") {}

  [[nodiscard]] bool equals(const parse::Cell& other) const {
    if (cell.kind() != other.kind()) return false;
    if (cell.is_borrowed()) return text == other.as_text();
    return cell.kind() == parse::CellKind::kNull || cell.as_microseconds() == other.as_microseconds();
  }
};

// Whether records of one key can differ in the column: what is in the key is equal, however it is written, and where a
// record stands is no part of it.
bool may_differ(const mapping::Mapping& mapping, std::size_t column) {
  const auto is_this = [&](const mapping::KeyPart& part) { return part.column == column; };
  if (std::any_of(mapping.key.begin(), mapping.key.end(), is_this)) return false;
  switch (mapping.columns[column].origin) {
    case Origin::kSource:
    case Origin::kLine:
    case Origin::kOffset:
    case Origin::kLoad:
    case Origin::kLoadedAt: return false;
    default: return true;
  }
}

// The first row of a key.
struct FirstRow {
  std::string key;
  std::vector<OwnCell> cells;
  spill::RowOrigin origin;

  FirstRow(const parse::RowBatch& rows, std::size_t row, const spill::RowOrigin& its_origin)
      : key(rows.key(row)), origin(its_origin) {
    for (const parse::Cell& cell : rows.row(row)) cells.emplace_back(cell);
  }

  // The column in which a row of the same key has another value.
  [[nodiscard]] std::optional<std::size_t> difference(const parse::RowBatch& rows, std::size_t row,
                                                      const mapping::Mapping& mapping) const {
    for (std::size_t column = 0; column < cells.size(); ++column) {
      if (may_differ(mapping, column) && !cells[column].equals(rows.row(row)[column])) return column;
    }
    return std::nullopt;
  }
};

// Two rows of one key.
struct Difference {
  spill::RowOrigin first;
  spill::RowOrigin other;
  std::size_t column;
};

}  // namespace

std::unique_ptr<pipeline::RangePreparer> DuplicateSurvey::make_preparer() {
  return pipeline::make_spilling_preparer(rows_);
}

void DuplicateSurvey::settle(pipeline::RangeJob& job) {
  first_lines_.emplace(job.key(), job.first_line);
  names_.try_emplace(job.source, job.account->name);
}

report::DuplicateCounts DuplicateSurvey::compare(const split::SplitLimits& limits,
                                                 const report::ProgressOptions& progress, const StopSignal& stop) {
  report::LiveStats stats;
  const report::Progress watched(
      stats, report::step_progress(progress, report::Phase::kCompareKeys, rows_.rows_to_merge() + rows_.rows()));
  rows_.merge_down(stop, stats.source_read);
  spill::MergeCursor cursor(rows_);
  parse::RowBatch rows;
  std::vector<spill::RowOrigin> origins;
  report::DuplicateCounts counts;
  std::optional<FirstRow> first;
  std::optional<Difference> earliest;
  while (cursor.next(rows, origins, limits.range_bytes, limits.bytes_a_record)) {
    if (stop.requested()) throw Interrupted();
    stats.source_read += rows.rows();
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      if (!first || first->key != rows.key(row)) {
        first.emplace(rows, row, origins[row]);
        continue;
      }
      ++counts.duplicate;
      const std::optional<std::size_t> column = first->difference(rows, row, mapping_);
      if (!column) continue;
      ++counts.differing;
      const auto place = [](const spill::RowOrigin& origin) { return std::pair(origin.range, origin.line.line_index); };
      if (!earliest || place(origins[row]) < place(earliest->other)) {
        earliest = Difference{first->origin, origins[row], *column};
      }
    }
  }
  if (earliest) {
    const auto place = [&](const spill::RowOrigin& origin) {
      const LineNumber line = first_lines_.at(origin.range) + origin.line.line_index;
      return fmt::format("line {} of {}", format_count(line.value()), names_.at(origin.range.source));
    };
    log_warning(
        fmt::format("Duplicates that differ from the first record with their key: {}. For example, {} and {} share a "
                    "key and differ in `{}`.",
                    format_count(counts.differing), place(earliest->first), place(earliest->other),
                    mapping_.columns[earliest->column].name));
  }
  return counts;
}

}  // namespace chatload::load
