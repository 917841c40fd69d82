// Parsed ranges on their way through the writers, and what became of them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "ledger/line_counts.h"
#include "parse/row_batch.h"
#include "spill/row_origin.h"
#include "split/cut_line.h"
#include "write/write_order.h"

namespace chatload::write {

// A row that the server refused. `detail` is empty for those that were found behind the first hundred of a job.
struct RefusedLine {
  SourceOrdinal source;
  LineNumber line;
  ByteOffset offset;         // of the line's first byte in the decompressed stream
  std::uint32_t size_bytes;  // without its line end
  std::string detail;        // "SQLSTATE 23000: …"
};

struct WriteResult {
  bool committed = false;       // the range is in the table and in the ledger; the rest holds only then
  bool is_over_budget = false;  // it is not, because its owner allows no more than `refused`, which holds then too
  ledger::LineCounts counts;
  // Of the rows that the server did not refuse, and that the table has at the commit, the one whose key the ledger
  // keeps (witnesses.h): rather one that was surely inserted, which no older copy of the table has.
  std::optional<std::uint32_t> witness;
  bool is_witness_new = false;
  // Rows whose id is not in the table as it is spelled, because the key called it equal to another. Counted where
  // WriteContext::respelled asks for it.
  std::uint64_t respelled = 0;
  std::uint64_t undone_rows = 0;     // each of which the server has undone a statement for: refused, or duplicates
  std::vector<RefusedLine> refused;  // in file order; not those of a range that an earlier run committed
  // Of a range that an earlier run committed, where asked for (recorded_rejects_max of WriteContext): its rejected
  // lines in file order.
  std::vector<LineNumber> recorded_rejects;
};

struct WriteJob;
struct Pack;

// Who hands packs to the writers. Its functions are called by writer threads, several at once.
class JobOwner {
 public:
  virtual ~JobOwner() = default;

  // parsed.rejects become the range's first ones again, or those behind the ones that are there.
  // REQUIRES for the latter: parsed.has_more_rejects.
  virtual void first_rejects(parse::ParsedRange& parsed) = 0;
  virtual void more_rejects(parse::ParsedRange& parsed) = 0;

  // Whether the load may go on although the server has refused so many of the job's rows. False gives the job's source
  // up.
  [[nodiscard]] virtual bool allows_refused(const WriteJob& job, std::uint64_t refused) = 0;

  // Called once, when the pack is committed or given up; from then on it is not the writer's.
  virtual void done(Pack& pack) = 0;
};

// A range, or a stretch: rows of many ranges that follow one another in key order. Both are cut by the same sizes, and
// kept in the ledger by their key.
//
// Reused from one to the next. `parsed` owns what `order` refers to.
struct WriteJob {
  parse::ParsedRange parsed;
  std::string digest;  // of the range's bytes (base/digest.h)
  // Compressed bytes read when the range was cut; of a stretch, such a share of them as its last row's place is of all.
  std::uint64_t compressed_end = 0;
  SourceOrdinal source;      // of the range; 0 of a stretch
  bool is_recorded = false;  // an earlier run committed it: its rows are not sent
  // Of a stretch: where each row stood; parsed.range has but its number then, and parsed.counts only lines and valid.
  // Empty for a range.
  std::vector<spill::RowOrigin> origins;
  LineNumber first_line;  // of the range, in the file
  WriteOrder order;
  WriteResult result;
  JobOwner* owner = nullptr;
  // Of the source, or of all stretches: set by whoever finds it over its budget. Nothing more of it is committed.
  std::atomic<bool>* is_given_up = nullptr;

  [[nodiscard]] RangeKey key() const { return {source, parsed.range.number}; }
  [[nodiscard]] bool is_stretch() const { return !origins.empty(); }
  // The bytes of one of a range's lines.
  [[nodiscard]] std::string_view raw_of(const parse::LineSpan& line) const {
    return parsed.range.bytes.view().text().substr(parsed.range.held_at(line.begin_bytes), line.size_bytes);
  }

  // Calls visit(const parse::RawReject&) for each line of a range that the parser rejected, in file order, until it
  // returns false; then so does this.
  template <typename Visit>
  bool for_each_reject(Visit visit) {
    if (parsed.has_earlier_rejects) owner->first_rejects(parsed);
    std::string cut_raw;
    for (;;) {
      for (const parse::RejectedLine& reject : parsed.rejects) {
        parse::RawReject entry{.source = source,
                               .line = first_line + reject.line.line_index,
                               .offset = parsed.range.begin + reject.line.begin_bytes,
                               .reason = reject.reason,
                               .field = reject.field,
                               .fault = reject.fault,
                               .raw = raw_of(reject.line)};
        if (reject.reason == parse::RejectReason::kLineTooLong) {
          const split::CutLine cut = split::cut_line(parsed.range, reject.line.begin_bytes, reject.line.size_bytes);
          cut_raw.assign(cut.head).append(cut.tail);
          entry.cut_bytes = cut.cut_bytes;
          entry.raw = cut_raw;
        }
        if (!visit(entry)) return false;
      }
      if (!parsed.has_more_rejects) return true;
      owner->more_rejects(parsed);
    }
  }
};

// What one transaction writes: a stretch, or some ranges that follow one another. Its jobs outlive it, and have one
// owner.
struct Pack {
  // In the order of their keys: recorded ones, or new ones. A writer takes out those whose source is given up.
  std::vector<WriteJob*> jobs;
  // The keys of the rows that a lower pack in flight may have too, one a row, sorted by hash and row: of all rows, or
  // of those at both ends of a stretch. Empty where one writer works in file order, and where rows have
  // no keys.
  std::vector<KeyHash> key_hashes;
  std::size_t rows = 0;  // of all jobs, those that were taken out too

  [[nodiscard]] bool is_recorded() const { return jobs.front()->is_recorded; }
  // REQUIRES: the writer is done. Where no job is left there is nothing to commit.
  [[nodiscard]] bool is_committed() const { return !jobs.empty() && jobs.front()->result.committed; }
};

}  // namespace chatload::write
