// Over 400 lines with the account of what the sum is made of.
//
// The sum, with range-size R, max-line L, T parser threads and C connections:
//
//   program, libraries, TBB, sessions             kProcessBytes
//   reading and inflating                         kInputBytes
//   what is fetched from servers                  ReadPlan::fetch_bytes
//   what lookups have                             ReferenceTable::memory_bytes
//   pieces that are inflated side by side         up to kUsefulAheadBytesMin, or kUsefulAheadBytesPerThread × T, or an
//                                                 eighth, of what is free beyond enough of all else; of a check or a
//                                                 copy, up to kCheckUsefulAheadBytesPerThread × T; with T = 1, or
//                                                 less than inflate::kAheadBytesMin, there are none
//   the window of a zstd frame                    kWindowBytes where it is beyond enough of all else; and what nothing
//                                                 else has a use for
//   a reject record                               kRecordBytesPerLineByte × L
//   C × a statement                               6 × statement_bytes_max: ours of rows and of rejects, each up to
//                                                 twice, and the client library's copy of bound rows, up to twice
//   T + 1 × a parser                              RangeParser::memory_bytes_max, and 17 bytes a row; 12 L where members
//                                                 that no column takes are listed, and 8 times what can be around
//                                                 records
//   a copy's blocks in flight, and compressors    CompressedWriter::memory_bytes_max, with T threads
//   what the splitter carries over                512 KiB where lines are counted; 2 L and 512 KiB, where records are
//                                                 no lines; a range has 1 MiB of
//                                                 their places then, and 2 R, 10 MiB and 16 KiB a path of what is
//                                                 around them, where columns take that
//   N × a range                                   R + L for its bytes, as much as its densest rows take,
//                                                 L for a last line's unescaped text, or for a cut line's halves,
//                                                 joined: such a line makes no row,
//                                                 and ParsedRange::kRejectsMax rejects
//
// of which one is the one that is read, and the others are in packs (pipeline/packer.h): a pack of smaller ranges takes
// no more than one of the full size, as each of them counts as Packer::kRangeBytes more than its bytes.
//
// and N follows from --memory. A worker has something to do only while a range is there for it, so T + C ranges are
// enough (and two, or nothing is read while something is written); where the server is slow for a while, up to
// kRangesPerWorker a worker are of use, and more are only memory (docs/tuning.md).
//
// In key order there are two halves, one after the other. While rows are sorted there are no writers, but a journal of
// the ranges (kJournalBytes + 2 L); T + 1 ranges are enough, one a parser and one for the splitter, and up to 2 T of
// use, since a parsed range is there until those in front of it are; T run builders take what is left, and want
// kBuilderBytesMin each, or the runs become too many to be merged at once. While they are written there are no parsers,
// but one that orders (17 bytes a row); C + 1 stretches are enough and 2 C of use, each of what the rows of a range
// take, 2 R and 2 L, and the merge takes what is left. In between, what the journal is sent with is less than one
// writer. Not in the sum is the table of runs: up to 200 bytes a run (48, in a vector that doubles, and a copy to plan
// a merge), 25 MiB for 1 TiB of runs of 8 MiB.
//
// What is enough for T and C that are the machine's, not the user's, may be more than --memory: then R is halved, down
// to 1 MiB, and then T or C is one less, whichever is more, until it fits. With 256 MiB, L = 1 MiB and T = cores,
// C = cores up to 8, R in MiB (MemoryPlan.OfTheDefaultFlagsIsTheTable):
//
//              file order              key order
//   cores   R  T, C  ranges  ahead     T, C  ranges  a builder  ahead     stretches  the merge
//       2   4  2, 2       6  16 MiB    2, 2       3     47 MiB  16 MiB            3    107 MiB
//       3   2  3, 3       9  16 MiB    3, 3       6     27 MiB  16 MiB            6     90 MiB
//       4   2  4, 4       8  16 MiB    4, 4       6     19 MiB  16 MiB            5     92 MiB
//       8   1  5, 6      11   9 MiB    8, 8       9      8 MiB  12 MiB            9     42 MiB
//      16   1  5, 6      11   9 MiB    8, 8       9      8 MiB  12 MiB            9     42 MiB
//      64   1  5, 6      11   9 MiB    8, 8       9      8 MiB  12 MiB            9     42 MiB
#include "pipeline/memory_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "base/quantity.h"
#include "base/units.h"
#include "parse/range_parser.h"
#include "split/record_splitter.h"

namespace chatload::pipeline {
namespace {

constexpr std::size_t kProcessBytes = 32 * kMiB;
constexpr std::size_t kInputBytes = kMiB;
// Of what is inflated side by side: a check is as fast as its input is inflated, and a thread takes a piece of some
// 1.5 MiB while another one waits; a load is as fast as its server, and what is enough to begin at all serves it.
constexpr std::size_t kCheckAheadBytesPerThread = 2 * kMiB;
// More is of use where pieces are large. Those of 4 MiB, as seek indexes and MiGz make them, take 5 MiB with their
// compressed bytes, and while a thread has one, another waits, and a third is handed out: two threads inflate 256 MiB
// by a seek index in 98 ms with 8 MiB each, in 90 ms with 12, and in 91 ms with 16 (chatload_bench
// --benchmark_filter=InflateIndexed/2, with that as its kAheadBytesPerThread; medians of five).
constexpr std::size_t kCheckUsefulAheadBytesPerThread = 12 * kMiB;
constexpr std::size_t kUsefulAheadBytesPerThread = 4 * kMiB;
constexpr std::size_t kUsefulAheadBytesMin = 16 * kMiB;
// Where there is much: gztool's points are 10 MiB of text apart, and files that are inflated side by side may be large.
constexpr std::size_t kFreeSharesAhead = 8;
// Enough for the files of zstd's usual levels.
constexpr std::size_t kWindowBytes = inflate::kWindowBytesUsual + inflate::kWindowSpareBytes;
constexpr std::size_t kStatementBytesMin = kMiB;
constexpr std::size_t kStatementCopies = 6;
constexpr std::size_t kFewColumns = 16;  // whose names take 4 KiB at most, as names are
// A control character becomes \u0000 in a reject record, whose buffer doubles as it grows.
constexpr std::size_t kRecordBytesPerLineByte = 12;
// A row has a line span, a place in the order and a key hash, and 48 bytes where the server refuses it; while it is
// ordered, a sort key. How many there are at most follows from the shortest line that the mapping takes. Unescaped text
// takes less than the line that it is in, and makes a line longer than that; where columns have parts of each other,
// each may have a copy.
constexpr std::size_t kRowBytes = 80;
constexpr std::size_t kSortBytesPerRow = 17;
// Of a key that is not one column's text: a number, or a text's end; and its texts, in which zero bytes count twice.
constexpr std::size_t kKeyPartBytes = 8;
constexpr std::size_t kKeyCopies = 2;
// Of members that no column takes, the shortest of which is `"":1,`: 24 bytes each in a vector that doubles; and the
// object that they make.
constexpr std::size_t kUnmappedBytesPerLineByte = 12;
// Of what is around records: a copy, its tokens, and unescaped text, in buffers that grow.
constexpr std::size_t kOuterBytesPerByte = 8;
constexpr std::size_t kDigitsMax = 20;  // of a line's number
// Smaller ranges make more transactions than a server likes.
constexpr std::size_t kFittingRangeBytesMin = kMiB;
constexpr std::size_t kRangesMin = 2;  // one being written while the next is read
constexpr std::size_t kRangesPerWorker = 3;
// Of a stretch, whose texts are copies: the rows of a range, for each byte of it 24 bytes more a row for where it
// stood, and the texts.
constexpr std::size_t kMoreBytesPerStretchByte = 2;
constexpr std::size_t kSpillingRangesPerThread = 2;
constexpr std::size_t kStretchesPerConnection = 2;
// Of the ranges' journal: a block, packed and not; its record buffer is counted beside.
constexpr std::size_t kJournalBytes = 128 * kKiB;
// A merge of n runs takes n blocks, some 33 KiB each: 16 MiB merge 4 GiB that are in runs of 8 MiB.
constexpr std::size_t kBuilderBytesMin = 8 * kMiB;
constexpr std::size_t kMergeBytesMin = 16 * kMiB;
// Of all builders, or of one; more is of no use, as one merge has room for the runs of a TiB then.
constexpr std::size_t kUsefulBuildersBytes = 128 * kMiB;
constexpr std::size_t kUsefulBuilderBytes = 64 * kMiB;
// Of what is fetched from servers, where anything is (cli/plan.cc).
constexpr std::size_t kFetchBytesMax = 32 * kMiB;
// Of a spill, not compressed, because it is seldom on a disk yet when it is read again: Linux lets a fifth of the
// memory that is free be unwritten before it makes anybody wait (vm.dirty_ratio), and writes nothing for 30 s unless it
// is half of that. 2 M lines take 260 MB. What is beyond goes to the disk, and LZ4 makes it less (spill/block.cc).
constexpr std::uint64_t kPlainSpillBytes = 512 * kMiB;

struct Costs {
  std::size_t fixed_bytes;       // whatever is at work
  std::size_t parser_bytes;      // a parser
  std::size_t connection_bytes;  // a writer
  std::size_t range_bytes;       // a range
  std::size_t stretch_bytes;     // a stretch

  [[nodiscard]] std::size_t of_parsers(unsigned threads) const { return (threads + 1) * parser_bytes; }
  [[nodiscard]] std::size_t of_writers(unsigned connections) const { return connections * connection_bytes; }
};

// Of ranges, and of the rows that they hold.
struct Shape {
  split::SplitLimits limits;
  std::size_t columns;
  std::size_t cells;             // of a row
  std::size_t record_bytes_min;  // on average, of those in a range
  std::size_t added_bytes;       // of a row: its columns' defaults, and what of its key is no text of the line
  std::size_t shared_bytes;      // of a row, and of those beside it: what is not in the line at all
  std::size_t copies;            // of a line's text in its row's columns
  std::size_t key_copies;        // and in its key
  bool is_lines;                 // each record is a line
  std::size_t reference_bytes;   // of lookups
  std::size_t outer_paths;       // where values stand around records
  bool lists_unmapped;           // members that no column takes

  [[nodiscard]] std::size_t rows_max() const { return limits.range_bytes / record_bytes_min; }
  // The text of one.
  [[nodiscard]] std::size_t row_bytes_max() const {
    return copies * limits.line_bytes_max + added_bytes + shared_bytes;
  }
  // Where the records of a range stand, which are no lines.
  [[nodiscard]] std::size_t spans_bytes() const {
    if (is_lines) return 0;
    const std::size_t spans = 2 * split::RecordSplitter::kRecordsMax * sizeof(split::RecordSpan);
    if (outer_paths == 0) return spans;
    // No more than the text around the range's own documents, and those of one that began before.
    return spans + 2 * split::RecordSplitter::kRecordsMax * sizeof(split::OuterValues) + 2 * limits.range_bytes +
           outer_paths * split::Envelope::kOuterBytesMax;
  }
  // Of a range's rows, for each of its bytes.
  [[nodiscard]] std::size_t row_bytes_per_byte() const {
    const std::size_t row_bytes = cells * sizeof(parse::Cell) + kRowBytes + added_bytes;
    return (row_bytes + record_bytes_min - 1) / record_bytes_min + copies + key_copies - 1;
  }
};

bool has_text_in_key(const mapping::Mapping& mapping) {
  return std::any_of(mapping.key.begin(), mapping.key.end(), [](const mapping::KeyPart& part) {
    return part.form == mapping::KeyForm::kBytes || part.form == mapping::KeyForm::kPadded;
  });
}

// Of a column whose text is no part of a line.
std::size_t own_text_bytes(const cli::ReadPlan& read, const mapping::Column& column) {
  switch (column.origin) {
    case mapping::Origin::kSource: return read.source_name_bytes_max;
    case mapping::Origin::kConstant: return column.constant.size();
    case mapping::Origin::kDocument: return split::Envelope::kOuterBytesMax;
    default: break;
  }
  if (!column.lookup || !read.mapping->lookups[column.lookup->lookup].table) return 0;
  return read.mapping->lookups[column.lookup->lookup].table->value_bytes_max(column.lookup->field);
}

Shape shape_of(const cli::ReadPlan& read, split::SplitLimits limits) {
  const mapping::Mapping& mapping = *read.mapping;
  std::size_t added_bytes = 0;
  std::size_t shared_bytes = 0;
  for (const mapping::Column& column : mapping.columns) {
    added_bytes += column.type.default_text.value_or("").size();
    const bool is_made =
        column.lookup && (column.decode != mapping::Decode::kNone || column.type.kind == mapping::TypeKind::kUuid);
    (is_made ? added_bytes : shared_bytes) += own_text_bytes(read, column);
    switch (column.origin) {
      case mapping::Origin::kLine:
      case mapping::Origin::kOffset: added_bytes += kDigitsMax; break;
      case mapping::Origin::kLoad: shared_bytes += kDigitsMax; break;
      default: break;
    }
  }
  std::size_t reference_bytes = read.other_lookup_bytes;
  for (const mapping::Lookup& lookup : mapping.lookups) {
    if (lookup.table) reference_bytes += lookup.table->memory_bytes();
  }
  const std::size_t cells = parse::layout_of(mapping).cells();
  const bool has_own_key_cell = cells > mapping.columns.size();
  if (has_own_key_cell) {
    added_bytes += kKeyPartBytes * mapping.key.size();
    for (const mapping::KeyPart& part : mapping.key) {
      added_bytes += kKeyCopies * own_text_bytes(read, mapping.columns[part.column]);
    }
  }
  return {limits,
          mapping.columns.size(),
          cells,
          std::max(record_bytes_min(mapping), limits.bytes_a_record),
          added_bytes,
          shared_bytes,
          copies_max(mapping),
          has_own_key_cell && has_text_in_key(mapping) ? kKeyCopies : 0,
          mapping.records.is_lines(),
          reference_bytes,
          mapping.records.outer.size(),
          mapping.rejects_unknown || has_origin(mapping, mapping::Origin::kUnknown)};
}
Shape shape_of(const cli::ReadPlan& read) { return shape_of(read, read.split); }

// A line's row or reject: text doubles where it is escaped, or in hexadecimal digits. What stands around the rows has
// each column's name up to four times.
std::size_t line_statement_bytes_of(const Shape& shape) {
  constexpr std::size_t kNameBytesMax = 64 * 4;
  return 2 * shape.row_bytes_max() +
         std::max(4 * kKiB, shape.columns > kFewColumns ? 4 * kNameBytesMax * shape.columns : 0);
}

std::size_t statement_bytes_of(const Shape& shape) {
  return std::max(kStatementBytesMin, line_statement_bytes_of(shape));
}

std::size_t order_bytes(const Shape& shape) { return kSortBytesPerRow * shape.rows_max(); }

Costs costs_of(const Shape& shape) {
  const split::SplitLimits& limits = shape.limits;
  const std::size_t carry_bytes = shape.is_lines
                                      ? (limits.bytes_a_record > 0 ? 2 * split::LineSplitter::kCountedReadBytes : 0)
                                      : 2 * (limits.line_bytes_max + split::RecordSplitter::kReadBytesMax);
  return {.fixed_bytes = kProcessBytes + kInputBytes + shape.reference_bytes + carry_bytes +
                         kRecordBytesPerLineByte * limits.line_bytes_max,
          .parser_bytes = parse::RangeParser::memory_bytes_max(static_cast<std::uint32_t>(limits.line_bytes_max)) +
                          order_bytes(shape) +
                          (shape.lists_unmapped ? kUnmappedBytesPerLineByte * limits.line_bytes_max : 0) +
                          shape.outer_paths * kOuterBytesPerByte * split::Envelope::kOuterBytesMax,
          .connection_bytes = kStatementCopies * statement_bytes_of(shape),
          .range_bytes = limits.buffer_bytes() + shape.spans_bytes() + shape.row_bytes_per_byte() * limits.range_bytes +
                         limits.line_bytes_max + parse::ParsedRange::kRejectsMax * sizeof(parse::RejectedLine),
          .stretch_bytes =
              (shape.row_bytes_per_byte() + kMoreBytesPerStretchByte) * limits.range_bytes + 2 * limits.line_bytes_max};
}

// Of some workers.
struct Need {
  std::size_t least_bytes;   // two ranges, or two stretches, at a time
  std::size_t enough_bytes;  // as many as keep all workers at work
};

std::size_t copy_bytes(std::optional<deflate::CompressionOptions> compression, unsigned threads) {
  if (!compression) return 0;
  compression->threads = threads;
  return deflate::CompressedWriter::memory_bytes_max(*compression);
}

std::size_t file_order_bytes(const Costs& costs, Workers workers, const Writers& writers) {
  return costs.fixed_bytes + costs.of_parsers(workers.threads) + costs.of_writers(workers.connections) +
         copy_bytes(writers.compression, workers.threads);
}

std::size_t enough_ahead_bytes(Workers workers) {
  if (workers.threads == 1) return 0;
  if (workers.connections > 0) return inflate::kAheadBytesMin;
  return std::max(inflate::kAheadBytesMin, workers.threads * kCheckAheadBytesPerThread);
}

Need need_in_file_order(const Shape& shape, Workers workers, const Writers& writers) {
  const Costs costs = costs_of(shape);
  const std::size_t fixed_bytes = file_order_bytes(costs, workers, writers);
  const std::size_t enough = std::max<std::size_t>(workers.threads + std::max(1U, workers.connections), kRangesMin);
  return {.least_bytes = fixed_bytes + kRangesMin * costs.range_bytes,
          .enough_bytes = fixed_bytes + enough * costs.range_bytes + enough_ahead_bytes(workers) + kWindowBytes};
}

std::size_t sorting_bytes(const Shape& shape, unsigned threads) {
  const Costs costs = costs_of(shape);
  return costs.fixed_bytes + costs.of_parsers(threads) + kJournalBytes + 2 * shape.limits.line_bytes_max;
}

Need need_of_sorting(const Shape& shape, unsigned threads) {
  const Costs costs = costs_of(shape);
  const std::size_t fixed_bytes = sorting_bytes(shape, threads);
  const std::size_t builder_bytes = spill::least_limits(shape.row_bytes_max(), shape.columns).buffer_bytes;
  return {.least_bytes = fixed_bytes + kRangesMin * costs.range_bytes + builder_bytes,
          .enough_bytes = fixed_bytes + (threads + 1) * costs.range_bytes +
                          threads * std::max(builder_bytes, kBuilderBytesMin) + enough_ahead_bytes({threads, 1}) +
                          kWindowBytes};
}

std::size_t writing_bytes(const Shape& shape, unsigned connections) {
  const Costs costs = costs_of(shape);
  return costs.fixed_bytes + costs.of_writers(connections) + order_bytes(shape);
}

Need need_of_writing(const Shape& shape, unsigned connections) {
  const Costs costs = costs_of(shape);
  const std::size_t fixed_bytes = writing_bytes(shape, connections);
  const std::size_t merge_bytes = spill::least_limits(shape.row_bytes_max(), shape.columns).merge_bytes;
  return {
      .least_bytes = fixed_bytes + kRangesMin * costs.stretch_bytes + merge_bytes,
      .enough_bytes = fixed_bytes + (connections + 1) * costs.stretch_bytes + std::max(merge_bytes, kMergeBytesMin)};
}

struct Fit {
  std::size_t bound_bytes;
  std::size_t least_bytes;
  Workers workers;
};

// What there is for all but what is fetched from servers.
std::size_t wanted(const cli::ReadPlan& read) {
  const std::size_t bytes = read.memory_bytes.value_or(cli::kMemoryBytesDefault);
  return bytes - std::min(bytes, read.fetch_bytes);
}

// As many workers as are wanted, or as the bound is enough for, but no fewer than `least`. need_of: Workers → Need.
template <typename NeedOf>
Fit fit(const cli::ReadPlan& read, Workers workers, Workers least, NeedOf need_of) {
  const std::size_t wanted_bytes = wanted(read);
  while (need_of(workers).enough_bytes > wanted_bytes) {
    const bool may_lower_threads = workers.threads > least.threads;
    const bool may_lower_connections = workers.connections > least.connections;
    if (may_lower_threads && (workers.threads >= workers.connections || !may_lower_connections)) {
      --workers.threads;
    } else if (may_lower_connections) {
      --workers.connections;
    } else {
      break;
    }
  }
  const Need need = need_of(workers);
  return {read.memory_bytes ? wanted_bytes : std::max(wanted_bytes, need.enough_bytes), need.least_bytes, workers};
}

void require_fit(const cli::ReadPlan& read, const Fit& fit) {
  if (fit.bound_bytes >= fit.least_bytes) return;
  throw UsageError(
      fmt::format("--memory {} does not hold two ranges of --range-size {} and --max-line {} with {} "
                  "threads and {} connections, which take {}; raise it to that, or lower one of these.",
                  format_size(fit.bound_bytes + read.fetch_bytes), format_size(read.split.range_bytes),
                  format_size(read.split.line_bytes_max), fit.workers.threads, fit.workers.connections,
                  format_size(fit.least_bytes + read.fetch_bytes)));
}

// Those that the user gave, or one of each.
Workers least_workers(const cli::ReadPlan& read, Writers writers) {
  return {read.is_threads_given ? read.threads : 1,
          writers.is_given ? writers.connections_max : std::min(writers.connections_max, 1U)};
}

Fit fit_file_order(const cli::ReadPlan& read, Writers writers) {
  return fit(read, {read.threads, writers.connections_max}, least_workers(read, writers),
             [&, shape = shape_of(read)](Workers some) { return need_in_file_order(shape, some, writers); });
}

Fit fit_sorting(const cli::ReadPlan& read, Writers writers) {
  const unsigned connections = writers.connections_max;
  return fit(read, {read.threads, connections}, {least_workers(read, writers).threads, connections},
             [shape = shape_of(read)](Workers some) { return need_of_sorting(shape, some.threads); });
}

Fit fit_writing(const cli::ReadPlan& read, Writers writers) {
  return fit(read, {read.threads, writers.connections_max}, {read.threads, least_workers(read, writers).connections},
             [shape = shape_of(read)](Workers some) { return need_of_writing(shape, some.connections); });
}

// Without the share of what is free.
std::size_t useful_ahead_bytes(Workers workers) {
  const std::size_t bytes_per_thread =
      workers.connections > 0 ? kUsefulAheadBytesPerThread : kCheckUsefulAheadBytesPerThread;
  return std::max(kUsefulAheadBytesMin, workers.threads * bytes_per_thread);
}

// As much as is of use, of what the bound has beyond what is enough for all else.
inflate::ReadAhead read_ahead(Workers workers, std::size_t bound_bytes, const Need& need) {
  const std::size_t others_bytes = need.enough_bytes - enough_ahead_bytes(workers);
  const std::size_t free_bytes = bound_bytes - std::min(bound_bytes, others_bytes);
  const std::size_t bytes = std::min(std::max(useful_ahead_bytes(workers), free_bytes / kFreeSharesAhead), free_bytes);
  if (workers.threads == 1 || bytes < inflate::kAheadBytesMin) return {};
  return {.threads = workers.threads, .bytes = bytes};
}

// For a window, of so much that is left.
inflate::WindowRoom window_room(std::size_t left_bytes, std::size_t beside_bytes) {
  const std::uint64_t bytes = left_bytes - std::min<std::uint64_t>(left_bytes, inflate::kWindowSpareBytes);
  return {.bytes_max = std::min(bytes, inflate::kZstdWindowBytesMax), .beside_bytes = beside_bytes};
}

// The read plan as it is where --memory is enough for all that is wanted.
cli::ReadPlan with_all_wanted(cli::ReadPlan read) {
  if (!read.is_range_size_given) {
    read.split.range_bytes = std::max(read.split.range_bytes, split::SplitLimits{}.range_bytes);
  }
  return read;
}

// Of what is read ahead, beside an eighth of what is free, and of what is fetched.
std::size_t input_bytes_beside_window(const cli::ReadPlan& read, Workers workers) {
  return useful_ahead_bytes(workers) + (read.fetch_bytes > 0 ? std::max(read.fetch_bytes, kFetchBytesMax) : 0);
}

std::size_t useful_builder_bytes(const Shape& shape, unsigned threads) {
  return std::max({spill::least_limits(shape.row_bytes_max(), shape.columns).buffer_bytes, kUsefulBuilderBytes,
                   kUsefulBuildersBytes / threads});
}

std::size_t useful_ranges(Workers workers) { return kRangesPerWorker * (workers.threads + workers.connections); }

// What is enough for all else that is of use, in either order, so that what --memory has beyond it is for the window.
std::size_t beside_window(const cli::ReadPlan& some_read, const Writers& writers) {
  const cli::ReadPlan read = with_all_wanted(some_read);
  const Shape shape = shape_of(read);
  const Costs costs = costs_of(shape);
  const Workers workers{read.threads, writers.connections_max};
  const std::size_t sorting = sorting_bytes(shape, workers.threads) +
                              workers.threads * useful_builder_bytes(shape, workers.threads) +
                              kSpillingRangesPerThread * std::max(2U, workers.threads) * costs.range_bytes;
  const std::size_t in_file_order =
      file_order_bytes(costs, workers, writers) + useful_ranges(workers) * costs.range_bytes;
  return std::max(in_file_order, workers.connections > 0 ? sorting : 0) + input_bytes_beside_window(read, workers);
}

// Half of what is free, but no fewer than enough, where they fit, and no more than are of use.
std::size_t share(std::size_t free_bytes, std::size_t each_bytes, std::size_t enough, std::size_t useful,
                  std::size_t fitting) {
  return std::min(std::clamp(free_bytes / 2 / each_bytes, enough, useful), fitting);
}

}  // namespace

std::size_t line_statement_bytes(const cli::ReadPlan& read) { return line_statement_bytes_of(shape_of(read)); }

std::size_t statement_bytes_max(const cli::ReadPlan& read) { return statement_bytes_of(shape_of(read)); }

MemoryPlan plan_memory(const cli::ReadPlan& read, Writers writers) {
  const Fit fit = fit_file_order(read, writers);
  require_fit(read, fit);
  const Costs costs = costs_of(shape_of(read));
  const inflate::ReadAhead ahead =
      read_ahead(fit.workers, fit.bound_bytes, need_in_file_order(shape_of(read), fit.workers, writers));
  const std::size_t free_bytes = fit.bound_bytes - file_order_bytes(costs, fit.workers, writers) - ahead.bytes;
  const std::size_t window_bytes = std::min(kWindowBytes, free_bytes - kRangesMin * costs.range_bytes);
  const std::size_t ranges = std::min((free_bytes - window_bytes) / costs.range_bytes, useful_ranges(fit.workers));
  return {.memory_bytes = fit.bound_bytes + read.fetch_bytes,
          .workers = fit.workers,
          .ranges_in_flight_max = ranges,
          .ahead = ahead,
          .window = window_room(free_bytes - ranges * costs.range_bytes, beside_window(read, writers))};
}

KeyOrderMemoryPlan plan_key_order_memory(const cli::ReadPlan& read, Writers writers) {
  const Shape shape = shape_of(read);
  const Fit sorting = fit_sorting(read, writers);
  const Fit writing = fit_writing(read, writers);
  Workers workers{sorting.workers.threads, writing.workers.connections};
  const std::size_t bound_bytes = std::max(sorting.bound_bytes, writing.bound_bytes);
  require_fit(read, {bound_bytes, std::max(sorting.least_bytes, writing.least_bytes), workers});
  const Costs costs = costs_of(shape);
  const spill::SpillLimits least_spill = spill::least_limits(shape.row_bytes_max(), shape.columns);

  const inflate::ReadAhead ahead =
      read_ahead({workers.threads, 1}, bound_bytes, need_of_sorting(shape, workers.threads));
  const std::size_t reading_free_bytes = bound_bytes - sorting_bytes(shape, workers.threads) - ahead.bytes;
  const std::size_t sorting_free_bytes =
      reading_free_bytes -
      std::min(kWindowBytes, reading_free_bytes - kRangesMin * costs.range_bytes - least_spill.buffer_bytes);
  const std::size_t ranges =
      share(sorting_free_bytes, costs.range_bytes, workers.threads + 1, kSpillingRangesPerThread * workers.threads,
            // with a builder for each but one
            (sorting_free_bytes + least_spill.buffer_bytes) / (costs.range_bytes + least_spill.buffer_bytes));
  const std::size_t writing_free_bytes = bound_bytes - writing_bytes(shape, workers.connections);
  const std::size_t stretches = share(writing_free_bytes, costs.stretch_bytes, workers.connections + 1,
                                      kStretchesPerConnection * workers.connections,
                                      (writing_free_bytes - least_spill.merge_bytes) / costs.stretch_bytes);
  // Of threads that the user gave, those that find a range.
  workers.threads = static_cast<unsigned>(std::min<std::size_t>(workers.threads, ranges - 1));
  const std::size_t builder_bytes = std::min((sorting_free_bytes - ranges * costs.range_bytes) / workers.threads,
                                             useful_builder_bytes(shape, workers.threads));
  return {.reading = {.memory_bytes = bound_bytes + read.fetch_bytes,
                      .workers = workers,
                      .ranges_in_flight_max = ranges,
                      .ahead = ahead,
                      .window =
                          window_room(reading_free_bytes - ranges * costs.range_bytes - workers.threads * builder_bytes,
                                      beside_window(read, writers))},
          .stretches_in_flight_max = stretches,
          .spill = {.buffer_bytes = builder_bytes,
                    .merge_bytes = writing_free_bytes - stretches * costs.stretch_bytes,
                    .plain_bytes = kPlainSpillBytes}};
}

inflate::WindowRoom window_of(const cli::ReadPlan& read) {
  if (read.window) return *read.window;
  const Shape shape = shape_of(read);
  const std::size_t others_bytes = costs_of(shape).fixed_bytes + shape.limits.buffer_bytes();
  const std::size_t bound_bytes = wanted(read);
  return window_room(bound_bytes - std::min(bound_bytes, others_bytes), others_bytes + read.fetch_bytes);
}

unsigned fitting_connections(const cli::ReadPlan& read, Writers writers) {
  return std::max(fit_file_order(read, writers).workers.connections, fit_writing(read, writers).workers.connections);
}

split::SplitLimits fitting_limits(const cli::ReadPlan& read, Writers writers) {
  split::SplitLimits limits = read.split;
  if (read.is_range_size_given) return limits;
  const Workers workers{read.threads, writers.connections_max};
  const auto fits = [&] {
    const Shape shape = shape_of(read, limits);
    std::size_t enough_bytes = need_in_file_order(shape, workers, writers).enough_bytes;
    const bool is_load = workers.connections > 0;
    if (is_load) {
      enough_bytes = std::max({enough_bytes, need_of_sorting(shape, workers.threads).enough_bytes,
                               need_of_writing(shape, workers.connections).enough_bytes});
    }
    return enough_bytes <= wanted(read);
  };
  while (!fits() && limits.range_bytes / 2 >= kFittingRangeBytesMin) limits.range_bytes /= 2;
  return limits;
}

}  // namespace chatload::pipeline
