// Node bodies never let an exception out: TBB would cancel the graph while writer threads still hold its gateway. A
// failure is kept, the splitter stops at its next range, and what is in flight comes back as usual: ranges in front of
// damaged input are written, those behind an exceeded budget are not.
#include "pipeline/range_pipeline.h"

#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "parse/range_parser.h"
#include "write/write_order.h"

namespace chatload::pipeline {
namespace {

namespace flow = oneapi::tbb::flow;
using write::WriteJob;

// The jobs of a run. Thread-safe.
class JobPool {
 public:
  JobPool(std::size_t jobs, std::size_t buffer_bytes) : buffer_bytes_(buffer_bytes), jobs_(jobs) {
    for (WriteJob& job : jobs_) free_.push_back(&job);
  }

  // REQUIRES: fewer jobs are out than the pool has, which the limiter sees to. A new job's buffer is made here, so that
  // a short input takes little memory.
  WriteJob& acquire() {
    const std::lock_guard lock(mutex_);
    WriteJob& job = *free_.back();
    free_.pop_back();
    if (job.parsed.range.bytes.capacity() == 0) job.parsed.range.bytes = PaddedBuffer(buffer_bytes_);
    return job;
  }

  void release(WriteJob& job) {
    const std::lock_guard lock(mutex_);
    free_.push_back(&job);
  }

 private:
  const std::size_t buffer_bytes_;
  std::vector<WriteJob> jobs_;
  std::mutex mutex_;  // guards free_
  std::vector<WriteJob*> free_;
};

// One thread's parsing tools.
struct Parser {
  parse::RangeParser range_parser;
  write::WriteOrderer orderer;
};

class Run {
 public:
  Run(inflate::DecodedStream& stream, const PipelineOptions& options, const parse::Mapping& mapping,
      const parse::RowFilter& filter, const Destination* destination, report::RejectSink& rejects,
      report::LiveStats& stats, const StopSignal& stop)
      : options_(options),
        mapping_(mapping),
        destination_(destination),
        rejects_(rejects),
        stats_(stats),
        stop_(stop),
        stream_(stream),
        splitter_(stream, options.limits),
        jobs_(options.ranges_in_flight_max, options.limits.buffer_bytes()),
        parsers_([&, destination] {
          return Parser{parse::RangeParser(mapping, filter, static_cast<std::uint32_t>(options.limits.line_bytes_max)),
                        write::WriteOrderer(mapping.key, destination ? destination->mode : write::OnDuplicate::kSkip,
                                            destination && destination->parallel)};
        }) {}

  PipelineResult execute();

 private:
  using WriteNode = flow::async_node<WriteJob*, WriteJob*>;

  WriteJob* split();
  void parse(WriteJob& job);
  void account(WriteJob& job);
  bool account_rejects(const WriteJob& job);
  void write(WriteJob& job, WriteNode::gateway_type& gateway);
  void finish(WriteJob& job);

  // Runs body; false if it threw, which is kept and stops the splitter.
  template <typename Body>
  bool succeeds(Body body) {
    try {
      body();
      return true;
    } catch (...) {
      const std::lock_guard lock(failure_mutex_);
      if (!result_.failure) result_.failure = std::current_exception();
      ended_ = true;
      return false;
    }
  }

  const PipelineOptions& options_;
  const parse::Mapping& mapping_;
  const Destination* destination_;
  report::RejectSink& rejects_;
  report::LiveStats& stats_;
  const StopSignal& stop_;

  inflate::DecodedStream& stream_;  // split() only
  split::LineSplitter splitter_;    // split() only
  bool reached_end_ = false;        // split() only
  JobPool jobs_;
  oneapi::tbb::enumerable_thread_specific<Parser> parsers_;
  LineNumber next_line_{1};  // account() only

  std::atomic<bool> ended_ = false;       // no further range is to be split
  std::atomic<bool> discarding_ = false;  // no further range is to be written
  std::mutex failure_mutex_;              // guards result_.failure
  PipelineResult result_;                 // counts: finish() only
};

PipelineResult Run::execute() {
  const oneapi::tbb::global_control parallelism(oneapi::tbb::global_control::max_allowed_parallelism, options_.threads);
  flow::graph graph;
  flow::input_node<WriteJob*> split_node(graph, [this](oneapi::tbb::flow_control& control) {
    WriteJob* const job = split();
    if (job == nullptr) control.stop();
    return job;
  });
  // The splitter holds one range more, ready for the next token.
  flow::limiter_node<WriteJob*> limiter(graph, options_.ranges_in_flight_max - 1);
  flow::function_node<WriteJob*, WriteJob*> parse_node(graph, options_.threads, [this](WriteJob* job) {
    parse(*job);
    return job;
  });
  flow::sequencer_node<WriteJob*> sequence(graph,
                                           [](WriteJob* const& job) { return job->parsed.range.number.value(); });
  // One node accounts and hands over: between two of them ranges could change places, since a serial function_node
  // starts on its next message before it passes on what it made of the last.
  WriteNode write_node(graph, flow::serial, [this](WriteJob* job, WriteNode::gateway_type& gateway) {
    account(*job);
    write(*job, gateway);
  });
  flow::function_node<WriteJob*, flow::continue_msg> finish_node(graph, flow::serial, [this](WriteJob* job) {
    finish(*job);
    return flow::continue_msg();
  });

  flow::make_edge(split_node, limiter);
  flow::make_edge(limiter, parse_node);
  flow::make_edge(parse_node, sequence);
  flow::make_edge(sequence, write_node);
  flow::make_edge(write_node, finish_node);
  flow::make_edge(finish_node, limiter.decrementer());

  split_node.activate();
  graph.wait_for_all();

  result_.interrupted = stop_.requested() && !reached_end_;
  result_.counts.bytes_compressed = stream_.compressed_bytes();
  return std::move(result_);
}

// The next range in file order, or null when no more are to come.
WriteJob* Run::split() {
  if (ended_ || stop_.requested() || (destination_ && destination_->pool.failed())) return nullptr;
  WriteJob& job = jobs_.acquire();
  std::optional<split::Range> range;
  const bool has_succeeded = succeeds([&] { range = splitter_.next(std::move(job.parsed.range.bytes)); });
  stats_.bytes_compressed = stream_.compressed_bytes();
  reached_end_ = has_succeeded && !range && !stream_.stopped();
  // A stop ends the stream anywhere, so the range that comes after one may end inside a line.
  if (!has_succeeded || !range || stop_.requested()) {
    jobs_.release(job);
    return nullptr;
  }
  job.parsed.range = std::move(*range);
  stats_.bytes_decompressed += job.parsed.range.length_bytes();
  ++stats_.ranges_split;
  return &job;
}

void Run::parse(WriteJob& job) {
  const bool has_succeeded = succeeds([&] {
    Parser& parser = parsers_.local();
    parser.range_parser.parse(job.parsed);
    if (destination_) parser.orderer.order(job.parsed.rows, job.order);
  });
  if (!has_succeeded) discarding_ = true;
  ++stats_.ranges_parsed;
}

// Gives the range its line numbers and its rejects their place, in file order.
void Run::account(WriteJob& job) {
  job.result = {};
  job.first_line = next_line_;
  next_line_ += job.parsed.counts.lines;
  if (discarding_) return;
  const bool has_succeeded = succeeds([&] {
    while (account_rejects(job) && job.parsed.has_more_rejects) {
      parsers_.local().range_parser.parse_more_rejects(job.parsed);
    }
  });
  if (!has_succeeded) discarding_ = true;
}

// False once the budget is exceeded.
bool Run::account_rejects(const WriteJob& job) {
  const std::string_view bytes = job.parsed.range.bytes.view().text();
  for (const parse::RejectedLine& reject : job.parsed.rejects) {
    const bool is_within_budget = rejects_.add({
        .reason = reject.reason,
        .field = reject.field == parse::kNoField ? std::string_view() : mapping_.fields[reject.field].column,
        .line = job.first_line + reject.line.line_index,
        .offset = job.parsed.range.begin + reject.line.begin_bytes,
        .raw = bytes.substr(reject.line.begin_bytes, reject.line.size_bytes),
        .raw_is_cut = reject.reason == parse::RejectReason::kLineTooLong,
    });
    ++stats_.lines_rejected;
    if (is_within_budget) continue;
    result_.budget_verdict = rejects_.verdict();
    ended_ = true;
    discarding_ = true;
    return false;
  }
  return true;
}

void Run::write(WriteJob& job, WriteNode::gateway_type& gateway) {
  if (discarding_ || !destination_) {
    job.result.committed = !discarding_;  // all that a check has to do for a range is done
    gateway.try_put(&job);
    return;
  }
  gateway.reserve_wait();
  job.done = [&gateway](WriteJob& done) {
    gateway.try_put(&done);
    gateway.release_wait();
  };
  destination_->pool.submit(job);
}

void Run::finish(WriteJob& job) {
  if (job.result.committed) {
    report::RunCounts& counts = result_.counts;
    counts.parsed += job.parsed.counts;
    counts.inserted += job.result.inserted;
    counts.updated += job.result.updated;
    counts.duplicate += job.result.duplicate;
    counts.bytes_decompressed += job.parsed.range.length_bytes();
    stats_.rows_done += job.parsed.counts.valid;
  }
  ++stats_.ranges_done;
  jobs_.release(job);
}

}  // namespace

PipelineResult run_pipeline(inflate::DecodedStream& stream, const PipelineOptions& options,
                            const parse::Mapping& mapping, const parse::RowFilter& filter,
                            const Destination* destination, report::RejectSink& rejects, report::LiveStats& stats,
                            const StopSignal& stop) {
  Run run(stream, options, mapping, filter, destination, rejects, stats, stop);
  return run.execute();
}

}  // namespace chatload::pipeline
