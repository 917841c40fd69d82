// Node bodies let no exception out: TBB would cancel the graph while writer threads still hold its gateway. A
// failure is kept, the splitter stops at its next range, and what is in flight comes back as usual: ranges in front of
// damaged input are written.
//
// Ranges are committed in any order and settled in that of the file, so that the verdict of the reject budget depends
// on the file alone; whether a few ranges behind the line that exceeds it are committed depends on the timing.
#include "pipeline/range_pipeline.h"

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/digest.h"
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
                       write::WriteOrderer(mapping.key, destination && destination->parallel)});
  }
  return parsers;
}

class Run final : public write::JobOwner {
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
        rejects_parser_(mapping, filter, static_cast<std::uint32_t>(options.limits.line_bytes_max)) {}

  PipelineResult execute();

  void first_rejects(parse::ParsedRange& parsed) override;
  void more_rejects(parse::ParsedRange& parsed) override;
  [[nodiscard]] bool allows_refused(const WriteJob& job, std::uint64_t refused) override;
  void done(WriteJob& job) override;

 private:
  using WriteNode = flow::async_node<WriteJob*, WriteJob*>;
  using SettleNode = flow::multifunction_node<WriteJob*, std::tuple<flow::continue_msg>>;

  void run_graph();
  WriteJob* split();
  void parse(WriteJob& job);
  void number_lines(WriteJob& job);
  void hand_over(WriteJob& job, WriteNode::gateway_type& gateway);
  std::size_t settle_in_order(WriteJob& job);
  void settle(WriteJob& job);
  void settle_rejects(WriteJob& job);
  [[nodiscard]] bool add_reject(const WriteJob& job, const parse::LineSpan& line, parse::RejectReason reason,
                                std::uint8_t field, std::string_view detail);
  void end_over_budget();

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
  std::uint64_t ranges_ = 0;

  Pool<WriteJob> jobs_;
  Pool<Parser> parsers_;

  // number_lines() and hand_over() only, which one serial node calls, until the graph is done.
  LineNumber next_line_{1};
  std::uint64_t rejected_lines_ = 0;  // by the parser, in the ranges handed over
  bool is_discarding_ = false;        // nothing more is to be written

  // settle_in_order() only, until the graph is done.
  std::map<RangeNumber, WriteJob*> done_;  // committed or given up, while a lower range is not
  RangeNumber next_to_settle_;
  bool all_done_ = true;  // of the ranges settled
  report::RunCounts counts_;
  std::uint64_t blank_ = 0;
  std::optional<std::string> budget_verdict_;

  WriteNode::gateway_type* gateway_ = nullptr;  // for done(); set before the graph runs

  std::mutex rejects_parser_mutex_;  // guards rejects_parser_
  parse::RangeParser rejects_parser_;

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
  return {.counts = counts_,
          .lines = next_line_ - LineNumber(1),
          .blank = blank_,
          .ranges = ranges_,
          .interrupted = stop_.requested() && !(reached_end_ && all_done_),
          .budget_verdict = budget_verdict_,
          .failure = failure_};
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
  // One node numbers and hands over: between two of them ranges could change places, since a serial function_node
  // starts on its next message before it passes on what it made of the last.
  WriteNode write_node(graph, flow::serial, [this](WriteJob* job, WriteNode::gateway_type& gateway) {
    number_lines(*job);
    hand_over(*job, gateway);
  });
  gateway_ = &write_node.gateway();
  SettleNode settle_node(graph, flow::serial, [this](WriteJob* job, SettleNode::output_ports_type& tokens) {
    for (std::size_t settled = settle_in_order(*job); settled > 0; --settled) {
      std::get<0>(tokens).try_put(flow::continue_msg());
    }
  });

  flow::make_edge(split_node, limiter);
  flow::make_edge(limiter, parse_node);
  flow::make_edge(parse_node, sequence);
  flow::make_edge(sequence, write_node);
  flow::make_edge(write_node, settle_node);
  flow::make_edge(flow::output_port<0>(settle_node), limiter.decrementer());

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
  job.compressed_end = stream_.compressed_bytes();
  job.is_recorded = destination_ && destination_->committed.contains(job.parsed.range.number);
  ++ranges_;
  stats_.bytes_decompressed += job.parsed.range.length_bytes();
  ++stats_.ranges_split;
  return &job;
}

void Run::parse(WriteJob& job) {
  Parser& parser = parsers_.acquire();
  job.parse_failure = nullptr;
  try {
    if (destination_) job.digest = digest_hex(job.parsed.range.bytes.view().text());
    if (job.is_recorded) {
      parse::count_lines(job.parsed);
    } else {
      parser.range_parser.parse(job.parsed);
    }
    if (destination_) parser.orderer.order(job.parsed.rows, job.order);
  } catch (...) {
    job.parse_failure = std::current_exception();
  }
  parsers_.release(parser);
  ++stats_.ranges_parsed;
}

// In file order. What is behind more bad lines than the budget has is not written.
void Run::number_lines(WriteJob& job) {
  job.result = {};
  if (is_discarding_) return;
  job.first_line = next_line_;
  next_line_ += job.parsed.counts.lines;
  is_discarding_ = !rejects_.may_hold(rejected_lines_, LineNumber(1), job.first_line) || !succeeds([&] {
    if (job.parse_failure) std::rethrow_exception(job.parse_failure);
  });
  rejected_lines_ += job.parsed.counts.rejected();
  // All that a check has to do for a range is done.
  job.result.committed = destination_ == nullptr && !is_discarding_;
}

void Run::hand_over(WriteJob& job, WriteNode::gateway_type& gateway) {
  if (is_discarding_ || !destination_) {
    gateway.try_put(&job);
    return;
  }
  gateway.reserve_wait();
  job.owner = this;
  if (succeeds([&] { destination_->pool.submit(job); })) return;
  is_discarding_ = true;
  done(job);
}

void Run::done(WriteJob& job) {
  gateway_->try_put(&job);
  gateway_->release_wait();
}

void Run::first_rejects(parse::ParsedRange& parsed) {
  const std::lock_guard lock(rejects_parser_mutex_);
  rejects_parser_.parse_first_rejects(parsed);
}

void Run::more_rejects(parse::ParsedRange& parsed) {
  const std::lock_guard lock(rejects_parser_mutex_);
  rejects_parser_.parse_more_rejects(parsed);
}

bool Run::allows_refused(const WriteJob& job, std::uint64_t refused) {
  const parse::ParseCounts& counts = job.parsed.counts;
  return rejects_.may_hold(rejects_.rejected() + counts.rejected() + refused, job.first_line,
                           job.first_line + (counts.lines - 1));
}

// Settles the range and those behind it that only waited for it; returns how many.
std::size_t Run::settle_in_order(WriteJob& job) {
  done_.emplace(job.parsed.range.number, &job);
  std::size_t settled = 0;
  for (; !done_.empty() && done_.begin()->first == next_to_settle_; next_to_settle_ += 1, ++settled) {
    WriteJob& next = *done_.begin()->second;
    done_.erase(done_.begin());
    settle(next);
    jobs_.release(next);
  }
  return settled;
}

void Run::settle(WriteJob& job) {
  const bool is_over_before = budget_verdict_.has_value();
  const bool is_counted = succeeds([&] { settle_rejects(job); }) && !is_over_before;
  if (!destination_ && !is_counted) job.result.committed = false;
  ++stats_.ranges_done;
  all_done_ = all_done_ && job.result.committed;
  if (!job.result.committed) return;
  if (!destination_) {
    blank_ += job.parsed.counts.blank;
    counts_.parsed += job.parsed.counts;
    counts_.bytes_decompressed += job.parsed.range.length_bytes();
    stats_.rows_done += job.parsed.counts.valid;
    return;
  }
  const write::LineCounts& lines = job.result.counts;
  blank_ += lines.blank;
  stats_.rows_done += lines.inserted + lines.updated + lines.duplicate;
  if (job.is_recorded) return;
  const std::uint64_t refused = lines.rejected - job.parsed.counts.rejected();
  counts_.parsed += job.parsed.counts;
  counts_.parsed.valid -= refused;
  counts_.parsed.rejected_by_reason[static_cast<std::size_t>(parse::RejectReason::kRefusedByServer)] += refused;
  counts_.inserted += lines.inserted;
  counts_.updated += lines.updated;
  counts_.duplicate += lines.duplicate;
  counts_.bytes_decompressed += job.parsed.range.length_bytes();
}

// The parser's rejects and those of the server, merged in file order. A range that was given up counts as far as its
// rejects are known, if that is why: they exceed the budget.
void Run::settle_rejects(WriteJob& job) {
  const write::WriteResult& result = job.result;
  if (budget_verdict_ || (!result.committed && !result.is_over_budget)) return;
  if (job.is_recorded) {
    // Those whose lines nobody asked for count as the range's last.
    const LineNumber last = job.first_line + (result.counts.lines - 1);
    for (std::uint64_t i = 0; i < result.counts.rejected; ++i) {
      const LineNumber line = i < result.recorded_rejects.size() ? result.recorded_rejects[i] : last;
      if (!rejects_.add_recorded(line)) return end_over_budget();
    }
    return;
  }
  parse::ParsedRange& parsed = job.parsed;
  if (parsed.counts.rejected() > parsed.rejects.size() && !parsed.has_more_rejects) first_rejects(parsed);
  auto refused = result.refused.begin();
  const auto add_refused_before = [&](std::uint32_t line_index) {
    for (; refused != result.refused.end() && refused->line.line_index < line_index; ++refused) {
      if (!add_reject(job, refused->line, parse::RejectReason::kRefusedByServer, parse::kNoField, refused->detail)) {
        return false;
      }
    }
    return true;
  };
  for (;;) {
    for (const parse::RejectedLine& reject : parsed.rejects) {
      if (!add_refused_before(reject.line.line_index) ||
          !add_reject(job, reject.line, reject.reason, reject.field, {})) {
        return end_over_budget();
      }
    }
    if (!parsed.has_more_rejects) break;
    more_rejects(parsed);
  }
  if (!add_refused_before(std::numeric_limits<std::uint32_t>::max())) end_over_budget();
}

// False once the budget is exceeded.
bool Run::add_reject(const WriteJob& job, const parse::LineSpan& line, parse::RejectReason reason, std::uint8_t field,
                     std::string_view detail) {
  ++stats_.lines_rejected;
  return rejects_.add({
      .reason = reason,
      .field = field == parse::kNoField ? std::string_view() : std::string_view(mapping_.fields[field].column),
      .detail = detail,
      .line = job.first_line + line.line_index,
      .offset = job.parsed.range.begin + line.begin_bytes,
      .raw = job.parsed.range.bytes.view().text().substr(line.begin_bytes, line.size_bytes),
      .raw_is_cut = reason == parse::RejectReason::kLineTooLong,
  });
}

void Run::end_over_budget() {
  if (!budget_verdict_) budget_verdict_ = rejects_.verdict();
  ended_ = true;
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
