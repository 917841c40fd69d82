// Key order pays whether or not the server keeps the table in memory: rows that come in no order make it search the
// whole tree for each of them, and write each leaf page many times over. Once the table outgrows the memory, it reads
// them as often, too. The figures are in the README ("Figures").
#include "load/order_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/quantity.h"
#include "parse/range_parser.h"
#include "pipeline/input_ranges.h"

namespace chatload::load {
namespace {

constexpr std::uint64_t kSampleBytes = 16 * kMiB;  // 15 ms
// Fewer rows are written before they could be sorted.
constexpr std::uint64_t kRowsWorthSorting = 200'000;
// Ids that ascend like this fill one leaf page after the other by themselves.
constexpr double kSortedShare = 0.99;
// Of a spilled row, beside its texts and the four bytes of its time (spill/row_codec.cc): 6 of lengths; a key's length
// 1, range 3, line index 2, begin 3, size 2; four texts' lengths 5; one more of the time. Uncompressed: random ids do
// not compress.
constexpr std::uint64_t kSpilledRowBytes = 23;
// Of a rejected line in the ranges' journal, beside its text (spill/range_journal.cc).
constexpr std::uint64_t kJournalRejectBytes = 48;
// For rows that are longer than those of the sample, and for merging down, where each run that is read has up to a MiB
// that is written elsewhere already (spill/block_reader.cc).
constexpr double kSpillReserve = 1.2;

// Those that are not there are like those that are (ParsedRange::kRejectsMax).
double journal_bytes_of(const parse::ParsedRange& parsed) {
  if (parsed.rejects.empty()) return 0;
  std::uint64_t bytes = 0;
  for (const parse::RejectedLine& reject : parsed.rejects) bytes += reject.line.size_bytes + kJournalRejectBytes;
  return static_cast<double>(bytes) / static_cast<double>(parsed.rejects.size()) *
         static_cast<double>(parsed.counts.rejected());
}

}  // namespace

InputSample sample_input(const source::HeldFile& file, const cli::ReadPlan& read, const parse::Mapping& mapping,
                         std::uint64_t bytes_compressed_total, const StopSignal& stop) {
  pipeline::InputRanges ranges(file.open(stop.fd()), read, stop);
  parse::RangeParser parser(mapping, read.filter, static_cast<std::uint32_t>(read.split.line_bytes_max));
  parse::ParsedRange parsed;
  InputSample sample;
  std::uint64_t read_bytes = 0;
  std::uint64_t bytes = 0;
  double rejected_bytes = 0;
  std::uint64_t ascending = 0;
  std::string last;
  while (parsed.range.begin.value() < kSampleBytes) {
    std::optional<split::Range> range = ranges.next(std::move(parsed.range));
    if (!range) break;
    parsed.range = std::move(*range);
    parser.parse(parsed);
    for (std::size_t row = 0; row < parsed.rows.rows(); ++row) {
      const auto cells = parsed.rows.row(row);
      for (std::size_t column = 0; column < cells.size(); ++column) {
        bytes += mapping.fields[column].kind == parse::FieldKind::kEpochSeconds ? 4 : cells[column].as_text().size();
      }
      const std::string_view key = cells[mapping.key].as_text();
      ascending += key > last ? 1 : 0;
      last = key;
    }
    rejected_bytes += journal_bytes_of(parsed);
    sample.rows += parsed.rows.rows();
    sample.lines += parsed.counts.lines - parsed.counts.blank;
    read_bytes += parsed.range.length_bytes();
  }
  const std::uint64_t rows = sample.rows > 0 ? sample.rows : sample.lines;
  if (sample.rows == 0) {
    bytes = read_bytes;
    rejected_bytes = 0;
  }
  if (sample.rows > 0) sample.ascending_share = static_cast<double>(ascending) / static_cast<double>(sample.rows);
  const double scale = std::max(1.0, static_cast<double>(bytes_compressed_total) /
                                         static_cast<double>(std::max<std::uint64_t>(ranges.compressed_bytes(), 1)));
  sample.rows_estimate = static_cast<std::uint64_t>(static_cast<double>(rows) * scale);
  sample.bytes_estimate = static_cast<std::uint64_t>(static_cast<double>(bytes) * scale);
  sample.rejected_bytes_estimate = static_cast<std::uint64_t>(rejected_bytes * scale);
  return sample;
}

std::uint64_t spill_bytes_estimate(const InputSample& sample) {
  const auto bytes = static_cast<double>(sample.bytes_estimate + kSpilledRowBytes * sample.rows_estimate +
                                         sample.rejected_bytes_estimate);
  return static_cast<std::uint64_t>(kSpillReserve * bytes);
}

OrderChoice choose_order(const InputSample& sample) {
  if (sample.rows_estimate < kRowsWorthSorting) return {RowOrder::kFile, "so few rows are not worth sorting"};
  if (sample.rows == 0) {
    return {RowOrder::kKey,
            fmt::format("none of its first {} lines is loaded, and the ids after them may come in no order",
                        format_count(sample.lines))};
  }
  if (sample.ascending_share >= kSortedShare) return {RowOrder::kFile, "their ids ascend in it"};
  return {RowOrder::kKey, fmt::format("the ids of about {} rows come in no order", format_count(sample.rows_estimate))};
}

}  // namespace chatload::load
