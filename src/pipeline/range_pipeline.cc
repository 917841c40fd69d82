// Node bodies let no exception out: TBB would cancel the graph while writer threads still hold its gateway. A
// failure is kept, the splitter stops at its next range, and what is in flight comes back as usual: ranges in front of
// damaged input are written, those behind an exceeded budget are not.
#include "pipeline/range_pipeline.h"

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

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

// A fixed number of things to borrow, so that memory is what the plan says. Thread-safe.
template <typename T>
class Pool {
 public:
  explicit Pool(std::vector<T> things) : things_(std::move(things)) {
    for (T& thing : things_) free_.push_back(&thing);
  }

  // REQUIRES: fewer are out than the pool has.
  T& acquire() {
    const std::lock_guard lock(mutex_);
    T& thing = *free_.back();
    free_.pop_back();
    return thing;
  }

  void release(T& thing) {
    const std::lock_guard lock(mutex_);
    free_.push_back(&thing);
  }

 private:
  std::vector<T> things_;
  std::mutex mutex_;  // guards free_
  std::vector<T*> free_;
};

// What one parse at a time needs.
struct Parser {
  parse::RangeParser range_parser;
  write::WriteOrderer orderer;
};

std::vector<Parser> make_parsers(const PipelineOptions& options, const parse::Mapping& mapping,
                                 const parse::RowFilter& filter, const Destination* destination) {
  std::vector<Parser> parsers;
  for (unsigned i = 0; i < options.threads; ++i) {
    parsers.push_back({parse::RangeParser(mapping, filter, static_cast<std::uint32_t>(options.limits.line_bytes_max)),
                       write::WriteOrderer(mapping.key, destination ? destination->mode : write::OnDuplicate::kSkip,
                                           destination && destination->parallel)});
  }
  return parsers;
}

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
        jobs_(std::vector<WriteJob>(options.ranges_in_flight_max)),
        parsers_(make_parsers(options, mapping, filter, destination)),
        more_rejects_parser_(mapping, filter, static_cast<std::uint32_t>(options.limits.line_bytes_max)) {}

  PipelineResult execute();

 private:
  using WriteNode = flow::async_node<WriteJob*, WriteJob*>;

  void run_graph();
  WriteJob* split();
  void parse(WriteJob& job);
  void account(WriteJob& job);
  bool account_rejects(const WriteJob& job);
  void hand_over(WriteJob& job, WriteNode::gateway_type& gateway);
  void finish(WriteJob& job);

  // Runs body; false if it threw, which is kept and stops the splitter.
  template <typename Body>
  bool succeeds(Body body) {
    try {
      body();
      return true;
    } catch (...) {
      keep_failure(std::current_exception());
      return false;
    }
  }

  void keep_failure(std::exception_ptr failure) {
    const std::lock_guard lock(failure_mutex_);
    if (!failure_) failure_ = std::move(failure);
    ended_ = true;
  }

  const PipelineOptions& options_;
  const parse::Mapping& mapping_;
  const Destination* destination_;
  report::RejectSink& rejects_;
  report::LiveStats& stats_;
  const StopSignal& stop_;

  // split() only, until the graph is done.
  inflate::DecodedStream& stream_;
  split::LineSplitter splitter_;
  bool reached_end_ = false;

  Pool<WriteJob> jobs_;
  Pool<Parser> parsers_;

  // account() and hand_over() only, which one serial node calls, until the graph is done.
  parse::RangeParser more_rejects_parser_;
  LineNumber next_line_{1};
  bool is_discarding_ = false;  // nothing more is to be written
  std::optional<std::string> budget_verdict_;

  report::RunCounts counts_;  // finish() only, until the graph is done

  std::atomic<bool> ended_ = false;  // no further range is to be split
  std::mutex failure_mutex_;         // guards failure_
  std::exception_ptr failure_;
};

PipelineResult Run::execute() {
  // The arena has a place for each thread asked for, and TBB may start as many, whatever the number of cores.
  const oneapi::tbb::global_control parallelism(oneapi::tbb::global_control::max_allowed_parallelism, options_.threads);
  oneapi::tbb::task_arena arena(static_cast<int>(options_.threads));
  arena.execute([this] { run_graph(); });

  counts_.bytes_compressed = stream_.compressed_bytes();
  return {counts_, stop_.requested() && !reached_end_, budget_verdict_, failure_};
}

void Run::run_graph() {
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
    hand_over(*job, gateway);
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
}

// The next range in file order, or null when no more are to come.
WriteJob* Run::split() {
  if (ended_ || stop_.requested() || (destination_ && destination_->pool.failed())) return nullptr;
  WriteJob& job = jobs_.acquire();
  std::optional<split::Range> range;
  const bool has_succeeded = succeeds([&] {
    // Made at a job's first use, so that a short input takes little memory.
    PaddedBuffer& buffer = job.parsed.range.bytes;
    if (buffer.capacity() == 0) buffer = PaddedBuffer(options_.limits.buffer_bytes());
    range = splitter_.next(std::move(buffer));
  });
  stats_.bytes_compressed = stream_.compressed_bytes();
  reached_end_ = has_succeeded && !range && !stream_.stopped();
  // A stop ends the stream anywhere, so the range that comes after one may end inside a line.
  if (!range || stop_.requested()) {
    jobs_.release(job);
    return nullptr;
  }
  job.parsed.range = std::move(*range);
  stats_.bytes_decompressed += job.parsed.range.length_bytes();
  ++stats_.ranges_split;
  return &job;
}

void Run::parse(WriteJob& job) {
  Parser& parser = parsers_.acquire();
  job.parse_failure = nullptr;
  try {
    parser.range_parser.parse(job.parsed);
    if (destination_) parser.orderer.order(job.parsed.rows, job.order);
  } catch (...) {
    job.parse_failure = std::current_exception();
  }
  parsers_.release(parser);
  ++stats_.ranges_parsed;
}

// Gives the range its line numbers and its rejects their place, in file order.
void Run::account(WriteJob& job) {
  job.result = {};
  if (is_discarding_) return;
  job.first_line = next_line_;
  next_line_ += job.parsed.counts.lines;
  const bool has_succeeded = succeeds([&] {
    if (job.parse_failure) std::rethrow_exception(job.parse_failure);
    while (account_rejects(job) && job.parsed.has_more_rejects) {
      more_rejects_parser_.parse_more_rejects(job.parsed);
    }
    // All that a check has to do for a range is done, and it has found what exceeds the budget.
    job.result.committed = destination_ == nullptr;
  });
  if (!has_succeeded) is_discarding_ = true;
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
    budget_verdict_ = rejects_.verdict();
    is_discarding_ = true;
    ended_ = true;
    return false;
  }
  return true;
}

void Run::hand_over(WriteJob& job, WriteNode::gateway_type& gateway) {
  if (is_discarding_ || !destination_) {
    gateway.try_put(&job);
    return;
  }
  gateway.reserve_wait();
  job.done = [&gateway](WriteJob& done) {
    gateway.try_put(&done);
    gateway.release_wait();
  };
  if (succeeds([&] { destination_->pool.submit(job); })) return;
  is_discarding_ = true;
  gateway.try_put(&job);
  gateway.release_wait();
}

void Run::finish(WriteJob& job) {
  if (job.result.committed) {
    counts_.parsed += job.parsed.counts;
    counts_.inserted += job.result.inserted;
    counts_.updated += job.result.updated;
    counts_.duplicate += job.result.duplicate;
    counts_.bytes_decompressed += job.parsed.range.length_bytes();
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
