// Key order pays whether or not the server keeps the table in memory: rows that come in no order make it search the
// whole tree for each of them, and write each leaf page many times over. Once the table outgrows the memory, it reads
// them as often, too. The figures are in the README ("Figures").
#include "load/order_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <string_view>
#include <utility>

#include "base/errors.h"
#include "base/quantity.h"
#include "parse/range_parser.h"
#include "pipeline/input_ranges.h"

namespace chatload::load {
namespace {

constexpr std::uint64_t kSampleBytes = 16 * kMiB;  // 15 ms
constexpr std::size_t kSampledSourcesMax = 16;
constexpr std::uint64_t kGuessedRecordBytes = 500;  // where the sample has none
// Fewer rows are written before they could be sorted.
constexpr std::uint64_t kRowsWorthSorting = 200'000;
// Ids that ascend like this fill one leaf page after the other by themselves.
constexpr double kSortedShare = 0.99;
// Of sources of fewer bytes of text each takes small statements of its own, where sorted rows fill large ones.
constexpr std::uint64_t kSmallSourceBytes = kMiB;
constexpr std::uint64_t kSmallSourcesMin = 16;
// Of a spilled row, beside its texts and its time (spill/row_codec.cc): 6 of lengths; a key's length
// 1, source 1, range 3, line index 2, begin 3, size 2; then a byte or two of each other column. Uncompressed: random
// ids do not compress.
constexpr std::uint64_t kSpilledRowBytes = 18;
constexpr std::uint64_t kSpilledTimeBytes = 4;
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

// Adds up what is sampled of one source after the other.
class Sampler {
 public:
  Sampler(const cli::ReadPlan& read, const mapping::Mapping& mapping, const StopSignal& stop, std::size_t sources)
      : read_(read), stop_(stop), parser_(mapping, read.filter, static_cast<std::uint32_t>(read.split.line_bytes_max)) {
    parsed_.source = &facts_;
    sample_.sources = sources;
    sample_.columns = mapping.columns.size();
  }

  void add(const LoadSource& source, std::uint64_t bytes_max) {
    const std::shared_ptr<const source::Input> file = source.open();
    pipeline::InputRanges ranges(file->open(stop_.fd()), read_, stop_);
    facts_.name = source.name;
    parsed_.lines_before = 0;
    bool is_first = true;
    parsed_.range = {};
    while (parsed_.range.begin.value() < bytes_max) {
      std::optional<split::Range> range = ranges.next(std::move(parsed_.range));
      if (!range) break;
      parsed_.range = std::move(*range);
      parser_.parse(parsed_);
      add_rows(is_first);
      rejected_bytes_ += journal_bytes_of(parsed_);
      sample_.lines += parsed_.counts.lines - parsed_.counts.blank;
      parsed_.lines_before += parsed_.counts.lines;
      read_bytes_ += parsed_.range.length_bytes();
    }
    compressed_bytes_ += ranges.compressed_bytes();
  }

  [[nodiscard]] InputSample scaled_to(std::uint64_t bytes_compressed_total) && {
    const std::uint64_t rows = sample_.rows > 0    ? sample_.rows
                               : sample_.lines > 0 ? sample_.lines
                                                   : read_bytes_ / kGuessedRecordBytes;
    if (sample_.rows == 0) {
      bytes_ = read_bytes_;
      rejected_bytes_ = 0;
    }
    const auto share = [](std::uint64_t part, std::uint64_t all) {
      return all > 0 ? static_cast<double>(part) / static_cast<double>(all) : 1;
    };
    sample_.ascending_share = std::min(share(ascending_, sample_.rows), share(seams_ascending_, seams_));
    const double scale = std::max(1.0, static_cast<double>(bytes_compressed_total) /
                                           static_cast<double>(std::max<std::uint64_t>(compressed_bytes_, 1)));
    sample_.rows_estimate = static_cast<std::uint64_t>(static_cast<double>(rows) * scale);
    sample_.bytes_estimate = static_cast<std::uint64_t>(static_cast<double>(bytes_) * scale);
    sample_.rejected_bytes_estimate = static_cast<std::uint64_t>(rejected_bytes_ * scale);
    return sample_;
  }

 private:
  void add_rows(bool& is_first) {
    for (std::size_t row = 0; row < parsed_.rows.rows(); ++row) {
      const auto cells = parsed_.rows.row(row);
      for (const parse::Cell& cell : cells) bytes_ += cell.is_borrowed() ? cell.as_text().size() : kSpilledTimeBytes;
      const std::string_view key = parsed_.rows.key(row);
      if (parsed_.rows.layout.has_own_key_cell()) bytes_ += key.size();
      const bool is_ascending = key > last_;
      ascending_ += is_ascending || is_first ? 1 : 0;
      if (std::exchange(is_first, false) && sample_.rows > 0) {
        ++seams_;
        seams_ascending_ += is_ascending ? 1 : 0;
      }
      last_ = key;
    }
    sample_.rows += parsed_.rows.rows();
  }

  const cli::ReadPlan& read_;
  const StopSignal& stop_;
  parse::RangeParser parser_;
  parse::SourceFacts facts_;
  parse::ParsedRange parsed_;
  InputSample sample_;
  std::uint64_t compressed_bytes_ = 0;
  std::uint64_t read_bytes_ = 0;
  std::uint64_t bytes_ = 0;
  double rejected_bytes_ = 0;
  std::uint64_t ascending_ = 0;  // rows
  std::uint64_t seams_ = 0;      // from one source to the next that was sampled
  std::uint64_t seams_ascending_ = 0;
  std::string last_;
};

}  // namespace

InputSample sample_sources(const std::vector<LoadSource*>& sources, const cli::ReadPlan& read,
                           const mapping::Mapping& mapping, const StopSignal& stop) {
  const std::size_t count = std::min(sources.size(), kSampledSourcesMax);
  Sampler sampler(read, mapping, stop, sources.size());
  const auto sampled = [&](std::size_t i) -> const LoadSource& { return *sources[i * sources.size() / count]; };
  for (std::size_t i = 0; i < count; ++i) {
    if (sampled(i).file) sampled(i).file->prefetch();
  }
  std::exception_ptr failure;
  bool has_some = false;
  for (std::size_t i = 0; i < count && !stop.requested(); ++i) {
    try {
      sampler.add(sampled(i), kSampleBytes / count);
      has_some = true;
    } catch (const EnvironmentError&) {
      throw;
    } catch (const Error&) {
      failure = std::current_exception();
    }
  }
  if (failure && !has_some) std::rethrow_exception(failure);
  return std::move(sampler).scaled_to(total_bytes(sources).value_or(0));
}

std::uint64_t spill_bytes_estimate(const InputSample& sample) {
  const auto bytes =
      static_cast<double>(sample.bytes_estimate + (kSpilledRowBytes + sample.columns) * sample.rows_estimate +
                          sample.rejected_bytes_estimate);
  return static_cast<std::uint64_t>(kSpillReserve * bytes);
}

OrderChoice choose_order(const InputSample& sample) {
  if (sample.sources >= kSmallSourcesMin && sample.bytes_estimate / sample.sources < kSmallSourceBytes) {
    return {RowOrder::kKey,
            fmt::format("each of {} small inputs would take statements of its own", format_count(sample.sources))};
  }
  if (sample.rows_estimate < kRowsWorthSorting) return {RowOrder::kFile, "so few rows are not worth sorting"};
  if (sample.rows == 0) {
    const std::string seen = sample.lines > 0 ? fmt::format("none of the first {} lines that were looked at is loaded",
                                                            format_count(sample.lines))
                                              : "no record is in the part that was looked at";
    return {RowOrder::kKey, seen + ", and the ids after them may come in no order"};
  }
  if (sample.ascending_share >= kSortedShare) return {RowOrder::kFile, "their ids ascend in that order"};
  return {RowOrder::kKey, fmt::format("the ids of about {} rows come in no order", format_count(sample.rows_estimate))};
}

}  // namespace chatload::load
