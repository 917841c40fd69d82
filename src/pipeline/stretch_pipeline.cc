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

class StretchRun final : public write::JobOwner {
 public:
  StretchRun(const spill::SpillStore& store, const StretchOptions& options, const parse::Mapping& mapping,
             const Writing& writing, report::RejectSink& rejects, report::LiveStats& stats, const StopSignal& stop)
      : options_(options),
        mapping_(mapping),
        writing_(writing),
        rejects_(rejects),
        stats_(stats),
        stop_(stop),
        rows_total_(store.rows()),
        cursor_(store),
        orderer_(mapping.key, writing.parallel),
        jobs_(options.in_flight_max),
        settler_(mapping, rejects, stats, Fate::kWritten) {
    for (WriteJob& job : jobs_) free_.push_back(&job);
  }

  PipelineResult execute();

  void first_rejects(parse::ParsedRange&) override {}
  void more_rejects(parse::ParsedRange&) override {}
  [[nodiscard]] bool allows_refused(const WriteJob& job, std::uint64_t refused) override;
  void done(WriteJob& job) override;

 private:
  [[nodiscard]] bool is_ended();
  [[nodiscard]] WriteJob& acquire();
  [[nodiscard]] bool fill(WriteJob& job);
  void submit_all();
  void give_back(WriteJob& job);
  void await_all();

  const StretchOptions& options_;
  const parse::Mapping& mapping_;
  const Writing& writing_;
  report::RejectSink& rejects_;
  report::LiveStats& stats_;
  const StopSignal& stop_;

  // submit_all() only.
  const std::uint64_t rows_total_;
  std::uint64_t rows_ = 0;  // of the stretches so far
  spill::MergeCursor cursor_;
  write::WriteOrderer orderer_;
  std::uint64_t stretches_ = 0;
  bool reached_end_ = false;

  std::vector<WriteJob> jobs_;
  std::mutex mutex_;  // guards all below
  std::condition_variable returned_;
  std::vector<WriteJob*> free_;
  RangeSettler settler_;
  std::exception_ptr failure_;
};

PipelineResult StretchRun::execute() {
  try {
    submit_all();
  } catch (...) {
    const std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
  }
  await_all();
  return {.counts = settler_.counts(),
          .lines = 0,
          .blank = 0,
          .ranges = stretches_,
          .interrupted = stop_.requested() && !(reached_end_ && settler_.all_committed()),
          .budget_verdict = settler_.budget_verdict(),
          .failure = failure_};
}

void StretchRun::submit_all() {
  for (;;) {
    WriteJob& job = acquire();
    try {
      if (is_ended() || !fill(job)) return give_back(job);
      writing_.pool.submit(job);
    } catch (...) {
      give_back(job);
      throw;
    }
    ++stretches_;
  }
}

// Notifies with the lock held: whoever hears of the last job may be gone a moment later, and this with it.
void StretchRun::give_back(WriteJob& job) {
  const std::lock_guard lock(mutex_);
  free_.push_back(&job);
  returned_.notify_one();
}

bool StretchRun::is_ended() {
  const std::lock_guard lock(mutex_);
  return failure_ || settler_.budget_verdict() || stop_.requested() || writing_.pool.failed();
}

WriteJob& StretchRun::acquire() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [this] { return !free_.empty(); });
  WriteJob& job = *free_.back();
  free_.pop_back();
  return job;
}

void StretchRun::await_all() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [this] { return free_.size() == jobs_.size(); });
}

// False where there are no more rows.
bool StretchRun::fill(WriteJob& job) {
  parse::ParsedRange& parsed = job.parsed;
  reached_end_ = !cursor_.next(parsed.rows, job.origins, options_.range_bytes);
  if (reached_end_) return false;
  parsed.range.number = options_.first_number + stretches_;
  parsed.counts = {};
  parsed.counts.lines = parsed.counts.valid = parsed.rows.rows();
  job.is_recorded = writing_.committed.contains(parsed.range.number);
  job.result = {};
  job.owner = this;
  orderer_.order_stretch(parsed.rows, job.order);
  Digest digest;
  for (std::size_t row = 0; row < parsed.rows.rows(); ++row) {
    const spill::RowOrigin& origin = job.origins[row];
    const std::uint64_t place[] = {origin.range.value(), origin.line.line_index};
    digest.update(parsed.rows.row(row)[mapping_.key].as_text());
    digest.update({reinterpret_cast<const char*>(place), sizeof place});
    stats_.bytes_decompressed += origin.line.size_bytes;
  }
  job.digest = digest.hex();
  rows_ += parsed.rows.rows();
  job.compressed_end = static_cast<std::uint64_t>(static_cast<double>(options_.bytes_compressed) *
                                                  static_cast<double>(rows_) / static_cast<double>(rows_total_));
  stats_.source_read += parsed.rows.rows();
  ++stats_.ranges_split;
  ++stats_.ranges_parsed;
  return true;
}

bool StretchRun::allows_refused(const WriteJob&, std::uint64_t refused) {
  return rejects_.may_hold(rejects_.rejected() + refused, LineNumber(), LineNumber());
}

void StretchRun::done(WriteJob& job) {
  {
    const std::lock_guard lock(mutex_);
    try {
      settler_.add_rejects(job);
    } catch (...) {
      failure_ = std::current_exception();
    }
    settler_.count(job);
  }
  give_back(job);
}

}  // namespace

PipelineResult run_stretches(const spill::SpillStore& store, const StretchOptions& options,
                             const parse::Mapping& mapping, const Writing& writing, report::RejectSink& rejects,
                             report::LiveStats& stats, const StopSignal& stop) {
  StretchRun run(store, options, mapping, writing, rejects, stats, stop);
  return run.execute();
}

}  // namespace chatload::pipeline
