// The thread that runs the graph reads, as a slow input must not keep a parser waiting; packs that are settled are its
// to fill again, so that a slow database slows the reader.
//
// Node bodies let no exception out: TBB would cancel the graph while writer threads still hold its gateway. A
// failure is kept, the reader stops at its next range, and what is in flight comes back as usual: ranges in front of
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
#include "pipeline/packer.h"

namespace chatload::pipeline {
namespace {

namespace flow = oneapi::tbb::flow;
using write::WriteJob;

// What one parse at a time needs.
struct Parser {
  parse::RangeParser range_parser;
  std::unique_ptr<RangePreparer> preparer;  // may be null
};

std::vector<Parser> make_parsers(const PipelineOptions& options, const mapping::Mapping& mapping,
                                 const parse::RowFilter& filter, RangeSink& sink) {
  std::vector<Parser> parsers;
  for (unsigned i = 0; i < options.threads; ++i) {
    parsers.push_back({parse::RangeParser(mapping, filter, static_cast<std::uint32_t>(options.limits.line_bytes_max),
                                          sink.wants_filtered_lines()),
                       sink.make_preparer()});
  }
  return parsers;
}

class RangeGraph final : public write::JobOwner {
 public:
  RangeGraph(RangeFeed& feed, RangeSink& sink, const PipelineOptions& options, const mapping::Mapping& mapping,
             const parse::RowFilter& filter, report::LiveStats& stats, const StopSignal& stop)
      : options_(options),
        feed_(feed),
        sink_(sink),
        stats_(stats),
        stop_(stop),
        packs_(std::vector<RangePack>(options.ranges_in_flight_max - 1)),  // the reader holds one range more
        parsers_(make_parsers(options, mapping, filter, sink)),
        settler_(mapping, stats, sink.fate()),
        rejects_parser_(mapping, filter, static_cast<std::uint32_t>(options.limits.line_bytes_max)) {}

  PipelineResult execute();

  void first_rejects(parse::ParsedRange& parsed) override;
  void more_rejects(parse::ParsedRange& parsed) override;
  [[nodiscard]] bool allows_refused(const WriteJob& job, std::uint64_t refused) override;
  void done(write::Pack& pack) override;

 private:
  using ParseNode = flow::multifunction_node<RangePack*, std::tuple<RangePack*>>;
  using WriteNode = flow::async_node<RangePack*, RangePack*>;

  void run_graph();
  void finish_preparers();
  [[nodiscard]] bool goes_on() const { return !ended_ && !stop_.requested() && !sink_.has_failed(); }
  void parse(RangePack& pack, Parser& parser);
  void parse(RangeJob& range, parse::RangeParser& parser);
  void number_lines(RangePack& pack);
  [[nodiscard]] bool number_lines(RangeJob& range);
  void hand_over(RangePack& pack, WriteNode::gateway_type& gateway);
  void settle_in_order(RangePack& pack);
  void settle(RangeJob& range);

  // Runs body; false if it threw, which is kept and stops the reader.
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
  RangeFeed& feed_;
  RangeSink& sink_;
  report::LiveStats& stats_;
  const StopSignal& stop_;
  LoanPool<RangePack> packs_;
  LoanPool<Parser> parsers_;

  bool is_discarding_ = false;  // nothing more is to be written; number_lines() and hand_over() only

  // settle_in_order() only, until the graph is done.
  std::map<std::uint64_t, RangePack*> done_;  // by place: committed or given up, while one in front is not
  std::uint64_t next_to_settle_ = 0;
  RangeSettler settler_;
  SourceAccount* settling_ = nullptr;  // of the last range
  bool all_committed_ = true;

  WriteNode::gateway_type* gateway_ = nullptr;  // for done(); set before the graph runs

  std::mutex rejects_parser_mutex_;  // guards rejects_parser_
  parse::RangeParser rejects_parser_;

  std::atomic<bool> ended_ = false;  // no further range is to be split
  std::mutex failure_mutex_;         // guards failure_
  std::exception_ptr failure_;
};

PipelineResult RangeGraph::execute() {
  // The arena has a place for this thread and for each one asked for, and TBB may start as many, whatever the number of
  // cores.
  const unsigned threads = options_.threads + 1;
  const oneapi::tbb::global_control parallelism(oneapi::tbb::global_control::max_allowed_parallelism, threads);
  oneapi::tbb::task_arena arena(static_cast<int>(threads));
  arena.execute([this] {
    run_graph();
    if (!failure_ && !stop_.requested()) finish_preparers();
  });
  return {.interrupted = stop_.requested() && !(feed_.reached_end() && all_committed_), .failure = failure_};
}

void RangeGraph::run_graph() {
  flow::graph graph;
  ParseNode parse_node(graph, options_.threads, [this](RangePack* pack, ParseNode::output_ports_type& parsed) {
    Parser& parser = parsers_.acquire();
    parse(*pack, parser);
    std::get<0>(parsed).try_put(pack);
    // Not before: the packs behind wait for this one, and it would wait for a whole run to be sorted and written.
    if (parser.preparer && !succeeds([&] { parser.preparer->make_room(); })) parser.preparer.reset();
    parsers_.release(parser);
  });
  flow::sequencer_node<RangePack*> sequence(graph, [](RangePack* const& pack) { return pack->place; });
  // One node numbers and hands over: between two of them packs could change places, since a serial function_node
  // starts on its next message before it passes on what it made of the last.
  WriteNode write_node(graph, flow::serial, [this](RangePack* pack, WriteNode::gateway_type& gateway) {
    number_lines(*pack);
    hand_over(*pack, gateway);
  });
  gateway_ = &write_node.gateway();
  flow::function_node<RangePack*> settle_node(graph, flow::serial, [this](RangePack* pack) { settle_in_order(*pack); });

  flow::make_edge(flow::output_port<0>(parse_node), sequence);
  flow::make_edge(sequence, write_node);
  flow::make_edge(write_node, settle_node);

  Packer packer(feed_, sink_, options_.limits, packs_, *this, stats_,
                [&](RangePack& pack) { parse_node.try_put(&pack); });
  succeeds([&] { packer.run([this] { return goes_on(); }); });
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

void RangeGraph::parse(RangePack& pack, Parser& parser) {
  pack.parse_failure = nullptr;
  try {
    for (RangeJob& range : pack.ranges) parse(range, parser.range_parser);
    if (parser.preparer) parser.preparer->prepare(pack);
  } catch (...) {
    pack.parse_failure = std::current_exception();
    parser.preparer.reset();  // no other function of it may be called now, and the run ends
  }
  ++stats_.packs_parsed;
}

void RangeGraph::parse(RangeJob& range, parse::RangeParser& parser) {
  if (sink_.wants_digests()) range.digest = digest_hex(range.parsed.range.bytes.view().text());
  if (range.is_recorded && !sink_.parses_recorded()) {
    parse::count_lines(range.parsed);
  } else {
    parser.parse(range.parsed);
  }
}

// In order.
void RangeGraph::number_lines(RangePack& pack) {
  is_discarding_ = is_discarding_ || !succeeds([&] {
                     if (pack.parse_failure) std::rethrow_exception(pack.parse_failure);
                   });
  std::erase_if(pack.jobs, [&](WriteJob* job) { return !number_lines(static_cast<RangeJob&>(*job)); });
}

// Whether the range is to be written: what is behind more bad lines than the source's budget has is not.
bool RangeGraph::number_lines(RangeJob& range) {
  SourceAccount& source = *range.account;
  range.result = {};
  if (is_discarding_ || source.is_discarded) return false;
  range.first_line = source.next_line;
  source.next_line += range.parsed.counts.lines;
  source.is_discarded =
      source.is_given_up || !source.rejects.may_hold(source.rejected_lines, LineNumber(1), range.first_line);
  source.rejected_lines += range.parsed.counts.rejected();
  return !source.is_discarded;
}

void RangeGraph::hand_over(RangePack& pack, WriteNode::gateway_type& gateway) {
  bool is_on_its_way = false;
  gateway.reserve_wait();
  if (!pack.jobs.empty()) {
    if (!succeeds([&] { is_on_its_way = sink_.hand_over(pack); })) {
      is_discarding_ = true;
    } else if (!is_on_its_way) {
      // All is done that is to be done for a range.
      for (WriteJob* const job : pack.jobs) job->result.committed = true;
    }
  }
  if (!is_on_its_way) done(pack);
}

void RangeGraph::done(write::Pack& pack) {
  gateway_->try_put(&static_cast<RangePack&>(pack));
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

// Settles the pack and those behind it that only waited for it.
void RangeGraph::settle_in_order(RangePack& pack) {
  done_.emplace(pack.place, &pack);
  for (; !done_.empty() && done_.begin()->first == next_to_settle_; ++next_to_settle_) {
    RangePack& next = *done_.begin()->second;
    done_.erase(done_.begin());
    for (RangeJob& range : next.ranges) settle(range);
    ++stats_.packs_done;
    packs_.release(next);
  }
}

// Without writers, a range whose rejects could not be kept does not count.
void RangeGraph::settle(RangeJob& range) {
  SourceAccount& source = *range.account;
  SourceAccount* const before = std::exchange(settling_, &source);
  if (before != nullptr && before != &source) static_cast<void>(succeeds([&] { feed_.settled(*before); }));
  const bool is_over_before = source.budget_verdict.has_value();
  const bool is_kept = !is_over_before && succeeds([&] {
    if (range.result.committed) sink_.settle(range);
    settler_.add_rejects(range, source);
  });
  if (source.budget_verdict && !is_over_before) {
    source.is_given_up = true;
    log_error(*source.budget_verdict);
  }
  if (!is_kept && sink_.fate() != Fate::kWritten) range.result.committed = false;
  settler_.count(range, source);
  all_committed_ = all_committed_ && (range.result.committed || source.is_given_up);
}

}  // namespace

PipelineResult run_pipeline(RangeFeed& feed, RangeSink& sink, const PipelineOptions& options,
                            const mapping::Mapping& mapping, const parse::RowFilter& filter, report::LiveStats& stats,
                            const StopSignal& stop) {
  RangeGraph graph(feed, sink, options, mapping, filter, stats, stop);
  return graph.execute();
}

}  // namespace chatload::pipeline
