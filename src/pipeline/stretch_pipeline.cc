// One thread merges, orders and hands over; the writers' threads give stretches back in any order. The merge makes
// several times the rows a second that a server takes from all of them (bench/spill_bench.cc), so one thread is enough.
#include "pipeline/stretch_pipeline.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "pipeline/range_settler.h"
#include "spill/merge_cursor.h"
#include "write/write_order.h"

namespace chatload::pipeline {
namespace {

using write::WriteJob;

// A number for a stretch's digest. The ranges of a load's first source have their own, as in the ledgers of before a
// load could have several.
std::uint64_t place_of(RangeKey range) { return ((range.source.value() - 1) << 40U) + range.number.value(); }

// A pack of its own.
struct Stretch : write::Pack {
  WriteJob job;
};

class StretchFlow final : public write::JobOwner {
 public:
  StretchFlow(const spill::SpillStore& store, const StretchOptions& options, const mapping::Mapping& mapping,
              write::WriterPool& pool, const ledger::CommittedRanges& committed, SourceAccount& account,
              report::LiveStats& stats, const StopSignal& stop)
      : options_(options),
        pool_(pool),
        committed_(committed),
        stats_(stats),
        stop_(stop),
        rows_total_(store.rows()),
        cursor_(store, options.left_out),
        orderer_(/*sorts=*/true),
        stretches_(options.in_flight_max),
        settler_(mapping, stats, Fate::kWritten),
        account_(account) {
    for (Stretch& stretch : stretches_) free_.push_back(&stretch);
  }

  StretchResult execute();

  void first_rejects(parse::ParsedRange&) override {}
  void more_rejects(parse::ParsedRange&) override {}
  [[nodiscard]] bool allows_refused(const WriteJob& job, std::uint64_t refused) override;
  void done(write::Pack& pack) override;

 private:
  [[nodiscard]] bool is_ended();
  [[nodiscard]] Stretch& acquire();
  [[nodiscard]] bool fill(Stretch& stretch);
  void submit_all();
  void give_back(Stretch& stretch);
  void await_all();

  const StretchOptions& options_;
  write::WriterPool& pool_;
  const ledger::CommittedRanges& committed_;
  report::LiveStats& stats_;
  const StopSignal& stop_;

  // submit_all() only.
  const std::uint64_t rows_total_;
  std::uint64_t rows_ = 0;  // of the stretches so far
  spill::MergeCursor cursor_;
  write::WriteOrderer orderer_;
  std::uint64_t submitted_ = 0;
  bool reached_end_ = false;

  std::vector<Stretch> stretches_;
  std::mutex mutex_;  // guards all below
  std::condition_variable returned_;
  std::vector<Stretch*> free_;
  RangeSettler settler_;
  SourceAccount& account_;
  std::exception_ptr failure_;
};

StretchResult StretchFlow::execute() {
  try {
    submit_all();
  } catch (...) {
    const std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
  }
  await_all();
  return {.interrupted = stop_.requested() && !(reached_end_ && account_.all_committed), .failure = failure_};
}

void StretchFlow::submit_all() {
  for (;;) {
    Stretch& stretch = acquire();
    try {
      if (is_ended() || !fill(stretch)) return give_back(stretch);
      pool_.submit(stretch);
    } catch (...) {
      give_back(stretch);
      throw;
    }
    ++submitted_;
  }
}

// Notifies with the lock held: whoever hears of the last stretch may be gone a moment later, and this with it.
void StretchFlow::give_back(Stretch& stretch) {
  const std::lock_guard lock(mutex_);
  free_.push_back(&stretch);
  returned_.notify_one();
}

bool StretchFlow::is_ended() {
  const std::lock_guard lock(mutex_);
  return failure_ || account_.budget_verdict || stop_.requested() || pool_.failed();
}

Stretch& StretchFlow::acquire() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [this] { return !free_.empty(); });
  Stretch& stretch = *free_.back();
  free_.pop_back();
  return stretch;
}

void StretchFlow::await_all() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [this] { return free_.size() == stretches_.size(); });
}

// False where there are no more rows.
bool StretchFlow::fill(Stretch& stretch) {
  WriteJob& job = stretch.job;
  parse::ParsedRange& parsed = job.parsed;
  reached_end_ = !cursor_.next(parsed.rows, job.origins, options_.limits.range_bytes, options_.limits.bytes_a_record);
  if (reached_end_) return false;
  parsed.range.number = RangeNumber(submitted_);
  parsed.counts = {};
  parsed.counts.lines = parsed.counts.valid = parsed.rows.rows();
  job.is_recorded = committed_.contains(job.key());
  job.result = {};
  job.owner = this;
  job.is_given_up = &account_.is_given_up;
  stretch.jobs.assign(1, &job);
  orderer_.order_stretch(stretch);
  Digest digest;
  for (std::size_t row = 0; row < parsed.rows.rows(); ++row) {
    const spill::RowOrigin& origin = job.origins[row];
    const std::uint64_t place[] = {place_of(origin.range), origin.line.line_index};
    digest.update(parsed.rows.key(row));
    digest.update({reinterpret_cast<const char*>(place), sizeof place});
    stats_.bytes_decompressed += origin.line.size_bytes;
  }
  job.digest = digest.hex();
  rows_ += parsed.rows.rows();
  job.compressed_end = static_cast<std::uint64_t>(static_cast<double>(options_.bytes_compressed) *
                                                  static_cast<double>(rows_) / static_cast<double>(rows_total_));
  stats_.source_read += parsed.rows.rows();
  ++stats_.packs_split;
  ++stats_.packs_parsed;
  return true;
}

bool StretchFlow::allows_refused(const WriteJob&, std::uint64_t refused) {
  return account_.rejects.may_hold(account_.rejects.rejected() + refused, LineNumber(), LineNumber());
}

void StretchFlow::done(write::Pack& pack) {
  auto& stretch = static_cast<Stretch&>(pack);
  {
    const std::lock_guard lock(mutex_);
    try {
      settler_.add_rejects(stretch.job, account_);
    } catch (...) {
      failure_ = std::current_exception();
    }
    settler_.count(stretch.job, account_);
    ++stats_.packs_done;
  }
  give_back(stretch);
}

}  // namespace

StretchResult run_stretches(const spill::SpillStore& store, const StretchOptions& options,
                            const mapping::Mapping& mapping, write::WriterPool& pool,
                            const ledger::CommittedRanges& committed, SourceAccount& account, report::LiveStats& stats,
                            const StopSignal& stop) {
  StretchFlow flow(store, options, mapping, pool, committed, account, stats, stop);
  return flow.execute();
}

}  // namespace chatload::pipeline
