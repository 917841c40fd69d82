// Node bodies let no exception out: TBB would cancel the graph while writer threads still hold its gateway. A
// failure is kept, the splitter stops at its next range, and what is in flight comes back as usual: ranges in front of
// damaged input are written.
//
// Ranges are committed in any order and settled in that of their source, so that the verdict of the reject budget
// depends on the source alone; whether a few ranges behind the line that exceeds it are committed depends on the
// timing.
#include "pipeline/range_pipeline.h"

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for_each.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/log.h"
#include "parse/range_parser.h"
#include "pipeline/loan_pool.h"

namespace chatload::pipeline {
namespace {

namespace flow = oneapi::tbb::flow;
using write::WriteJob;

// What one parse at a time needs.
struct Parser {
  parse::RangeParser range_parser;
  std::unique_ptr<RangePreparer> preparer;  // may be null
};

std::vector<Parser> make_parsers(const PipelineOptions& options, const parse::Mapping& mapping,
                                 const parse::RowFilter& filter, RangeSink& sink) {
  std::vector<Parser> parsers;
  for (unsigned i = 0; i < options.threads; ++i) {
    parsers.push_back({parse::RangeParser(mapping, filter, static_cast<std::uint32_t>(options.limits.line_bytes_max)),
                       sink.make_preparer()});
  }
  return parsers;
}

class RangeGraph final : public write::JobOwner {
 public:
  RangeGraph(RangeFeed& feed, RangeSink& sink, const PipelineOptions& options, const parse::Mapping& mapping,
             const parse::RowFilter& filter, report::LiveStats& stats, const StopSignal& stop)
      : options_(options),
        feed_(feed),
        sink_(sink),
        stats_(stats),
        stop_(stop),
        jobs_(std::vector<RangeJob>(options.ranges_in_flight_max)),
        parsers_(make_parsers(options, mapping, filter, sink)),
        settler_(mapping, stats, sink.fate()),
        rejects_parser_(mapping, filter, static_cast<std::uint32_t>(options.limits.line_bytes_max)) {}

  PipelineResult execute();

  void first_rejects(parse::ParsedRange& parsed) override;
  void more_rejects(parse::ParsedRange& parsed) override;
  [[nodiscard]] bool allows_refused(const WriteJob& job, std::uint64_t refused) override;
  void give_up(const WriteJob& job) override { static_cast<const RangeJob&>(job).account->is_given_up = true; }
  void done(WriteJob& job) override;

 private:
  using ParseNode = flow::multifunction_node<RangeJob*, std::tuple<RangeJob*>>;
  using WriteNode = flow::async_node<RangeJob*, RangeJob*>;
  using SettleNode = flow::multifunction_node<RangeJob*, std::tuple<flow::continue_msg>>;

  void run_graph();
  void finish_preparers();
  RangeJob* split();
  void parse(RangeJob& job, Parser& parser);
  void number_lines(RangeJob& job);
  void hand_over(RangeJob& job, WriteNode::gateway_type& gateway);
  std::size_t settle_in_order(RangeJob& job);
  void settle(RangeJob& job);

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
  RangeFeed& feed_;  // split() only, until the graph is done
  RangeSink& sink_;
  report::LiveStats& stats_;
  const StopSignal& stop_;
  std::uint64_t places_ = 0;  // split() only

  LoanPool<RangeJob> jobs_;
  LoanPool<Parser> parsers_;

  bool is_discarding_ = false;  // nothing more is to be written; number_lines() and hand_over() only

  // settle_in_order() only, until the graph is done.
  std::map<std::uint64_t, RangeJob*> done_;  // by place: committed or given up, while one in front is not
  std::uint64_t next_to_settle_ = 0;
  RangeSettler settler_;
  bool all_committed_ = true;

  WriteNode::gateway_type* gateway_ = nullptr;  // for done(); set before the graph runs

  std::mutex rejects_parser_mutex_;  // guards rejects_parser_
  parse::RangeParser rejects_parser_;

  std::atomic<bool> ended_ = false;  // no further range is to be split
  std::mutex failure_mutex_;         // guards failure_
  std::exception_ptr failure_;
};

PipelineResult RangeGraph::execute() {
  // The arena has a place for each thread asked for, and TBB may start as many, whatever the number of cores.
  const oneapi::tbb::global_control parallelism(oneapi::tbb::global_control::max_allowed_parallelism, options_.threads);
  oneapi::tbb::task_arena arena(static_cast<int>(options_.threads));
  arena.execute([this] {
    run_graph();
    if (!failure_ && !stop_.requested()) finish_preparers();
  });
  return {.interrupted = stop_.requested() && !(feed_.reached_end() && all_committed_), .failure = failure_};
}

void RangeGraph::run_graph() {
  flow::graph graph;
  flow::input_node<RangeJob*> split_node(graph, [this](oneapi::tbb::flow_control& control) {
    RangeJob* const job = split();
    if (job == nullptr) control.stop();
    return job;
  });
  // The splitter holds one range more, ready for the next token.
  flow::limiter_node<RangeJob*> limiter(graph, options_.ranges_in_flight_max - 1);
  ParseNode parse_node(graph, options_.threads, [this](RangeJob* job, ParseNode::output_ports_type& parsed) {
    Parser& parser = parsers_.acquire();
    parse(*job, parser);
    std::get<0>(parsed).try_put(job);
    // Not before: the ranges behind wait for this one, and it would wait for a whole run to be sorted and written.
    if (parser.preparer && !succeeds([&] { parser.preparer->make_room(); })) parser.preparer.reset();
    parsers_.release(parser);
  });
  flow::sequencer_node<RangeJob*> sequence(graph, [](RangeJob* const& job) { return job->place; });
  // One node numbers and hands over: between two of them ranges could change places, since a serial function_node
  // starts on its next message before it passes on what it made of the last.
  WriteNode write_node(graph, flow::serial, [this](RangeJob* job, WriteNode::gateway_type& gateway) {
    number_lines(*job);
    hand_over(*job, gateway);
  });
  gateway_ = &write_node.gateway();
  SettleNode settle_node(graph, flow::serial, [this](RangeJob* job, SettleNode::output_ports_type& tokens) {
    for (std::size_t settled = settle_in_order(*job); settled > 0; --settled) {
      std::get<0>(tokens).try_put(flow::continue_msg());
    }
  });

  flow::make_edge(split_node, limiter);
  flow::make_edge(limiter, parse_node);
  flow::make_edge(flow::output_port<0>(parse_node), sequence);
  flow::make_edge(sequence, write_node);
  flow::make_edge(write_node, settle_node);
  flow::make_edge(flow::output_port<0>(settle_node), limiter.decrementer());

  split_node.activate();
  graph.wait_for_all();
}

void RangeGraph::finish_preparers() {
  succeeds([this] {
    const auto parsers = parsers_.all();
    oneapi::tbb::parallel_for_each(parsers.begin(), parsers.end(), [](Parser& parser) {
      if (parser.preparer) parser.preparer->finish();
    });
  });
}

// The next range in order, or null when no more are to come.
RangeJob* RangeGraph::split() {
  if (ended_ || stop_.requested() || sink_.has_failed()) return nullptr;
  RangeJob& job = jobs_.acquire();
  std::optional<FedRange> fed;
  succeeds([&] {
    // Made at a job's first use, so that a short input takes little memory.
    PaddedBuffer& buffer = job.parsed.range.bytes;
    if (buffer.capacity() == 0) buffer = PaddedBuffer(options_.limits.buffer_bytes());
    fed = feed_.next(std::move(buffer));
  });
  stats_.source_read = feed_.compressed_bytes();
  // A stop ends the stream anywhere, so the range that comes after one may end inside a line.
  if (!fed || stop_.requested()) {
    jobs_.release(job);
    return nullptr;
  }
  job.parsed.range = std::move(fed->range);
  job.account = fed->account;
  job.source = fed->account->ordinal;
  job.is_given_up = &fed->account->is_given_up;
  job.compressed_end = fed->compressed_end;
  job.is_recorded = sink_.is_recorded(job);
  job.owner = this;
  job.place = places_++;
  stats_.bytes_decompressed += job.parsed.range.length_bytes();
  ++stats_.ranges_split;
  return &job;
}

void RangeGraph::parse(RangeJob& job, Parser& parser) {
  job.parse_failure = nullptr;
  try {
    if (sink_.wants_digests()) job.digest = digest_hex(job.parsed.range.bytes.view().text());
    if (job.is_recorded && !sink_.parses_recorded()) {
      parse::count_lines(job.parsed);
    } else {
      parser.range_parser.parse(job.parsed);
    }
    if (parser.preparer) parser.preparer->prepare(job);
  } catch (...) {
    job.parse_failure = std::current_exception();
    parser.preparer.reset();  // no other function of it may be called now, and the run ends
  }
  ++stats_.ranges_parsed;
}

// In order. What is behind more bad lines than the source's budget has is not written.
void RangeGraph::number_lines(RangeJob& job) {
  SourceAccount& source = *job.account;
  job.result = {};
  if (is_discarding_ || source.is_discarded) return;
  job.first_line = source.next_line;
  source.next_line += job.parsed.counts.lines;
  is_discarding_ = !succeeds([&] {
    if (job.parse_failure) std::rethrow_exception(job.parse_failure);
  });
  source.is_discarded =
      source.is_given_up || !source.rejects.may_hold(source.rejected_lines, LineNumber(1), job.first_line);
  source.rejected_lines += job.parsed.counts.rejected();
}

void RangeGraph::hand_over(RangeJob& job, WriteNode::gateway_type& gateway) {
  const bool is_discarded = is_discarding_ || job.account->is_discarded;
  bool is_on_its_way = false;
  gateway.reserve_wait();
  if (is_discarded || !succeeds([&] { is_on_its_way = sink_.hand_over(job); })) {
    is_discarding_ = is_discarding_ || !is_discarded;
  } else if (!is_on_its_way) {
    job.result.committed = true;  // all is done that is to be done for a range
  }
  if (!is_on_its_way) done(job);
}

void RangeGraph::done(WriteJob& job) {
  gateway_->try_put(&static_cast<RangeJob&>(job));
  gateway_->release_wait();
}

void RangeGraph::first_rejects(parse::ParsedRange& parsed) {
  const std::lock_guard lock(rejects_parser_mutex_);
  rejects_parser_.parse_first_rejects(parsed);
}

void RangeGraph::more_rejects(parse::ParsedRange& parsed) {
  const std::lock_guard lock(rejects_parser_mutex_);
  rejects_parser_.parse_more_rejects(parsed);
}

bool RangeGraph::allows_refused(const WriteJob& job, std::uint64_t refused) {
  const report::RejectSink& rejects = static_cast<const RangeJob&>(job).account->rejects;
  const parse::ParseCounts& counts = job.parsed.counts;
  return rejects.may_hold(rejects.rejected() + counts.rejected() + refused, job.first_line,
                          job.first_line + (counts.lines - 1));
}

// Settles the range and those behind it that only waited for it; returns how many.
std::size_t RangeGraph::settle_in_order(RangeJob& job) {
  done_.emplace(job.place, &job);
  std::size_t settled = 0;
  for (; !done_.empty() && done_.begin()->first == next_to_settle_; ++next_to_settle_, ++settled) {
    RangeJob& next = *done_.begin()->second;
    done_.erase(done_.begin());
    settle(next);
    jobs_.release(next);
  }
  return settled;
}

// Without writers, a range whose rejects could not be kept does not count.
void RangeGraph::settle(RangeJob& job) {
  SourceAccount& source = *job.account;
  const bool is_over_before = source.budget_verdict.has_value();
  const bool is_kept = !is_over_before && succeeds([&] {
    if (job.result.committed) sink_.settle(job);
    settler_.add_rejects(job, source);
  });
  if (source.budget_verdict && !is_over_before) {
    source.is_given_up = true;
    log_error(*source.budget_verdict);
  }
  if (!is_kept && sink_.fate() != Fate::kWritten) job.result.committed = false;
  settler_.count(job, source);
  all_committed_ = all_committed_ && (job.result.committed || source.is_given_up);
}

}  // namespace

PipelineResult run_pipeline(RangeFeed& feed, RangeSink& sink, const PipelineOptions& options,
                            const parse::Mapping& mapping, const parse::RowFilter& filter, report::LiveStats& stats,
                            const StopSignal& stop) {
  RangeGraph graph(feed, sink, options, mapping, filter, stats, stop);
  return graph.execute();
}

}  // namespace chatload::pipeline
