// Node bodies let no exception out: TBB would cancel the graph while writer threads still hold its gateway. A
// failure is kept, the splitter stops at its next range, and what is in flight comes back as usual: ranges in front of
// damaged input are written.
//
// Ranges are committed in any order and settled in that of the file, so that the verdict of the reject budget depends
// on the file alone; whether a few ranges behind the line that exceeds it are committed depends on the timing.
#include "pipeline/range_pipeline.h"

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for_each.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "base/digest.h"
#include "parse/range_parser.h"
#include "pipeline/loan_pool.h"
#include "pipeline/range_settler.h"
#include "spill/run_builder.h"
#include "write/write_order.h"

namespace chatload::pipeline {
namespace {

namespace flow = oneapi::tbb::flow;
using write::WriteJob;

// What one parse at a time needs.
struct Parser {
  parse::RangeParser range_parser;
  write::WriteOrderer orderer;
  std::unique_ptr<spill::RunBuilder> run_builder;  // null in file order
};

std::vector<Parser> make_parsers(const PipelineOptions& options, const parse::Mapping& mapping,
                                 const parse::RowFilter& filter, const Writing* writing, const Sorting* sorting) {
  std::vector<Parser> parsers;
  for (unsigned i = 0; i < options.threads; ++i) {
    parsers.push_back({parse::RangeParser(mapping, filter, static_cast<std::uint32_t>(options.limits.line_bytes_max)),
                       write::WriteOrderer(mapping.key, writing && writing->parallel),
                       sorting ? std::make_unique<spill::RunBuilder>(sorting->rows) : nullptr});
  }
  return parsers;
}

class RangeRun final : public write::JobOwner {
 public:
  RangeRun(inflate::DecodedStream& stream, const PipelineOptions& options, const parse::Mapping& mapping,
           const parse::RowFilter& filter, const Destination& destination, report::RejectSink& rejects,
           report::LiveStats& stats, const StopSignal& stop)
      : options_(options),
        writing_(std::get_if<Writing>(&destination)),
        sorting_(std::get_if<Sorting>(&destination)),
        committed_(writing_   ? &writing_->committed
                   : sorting_ ? &sorting_->committed
                              : nullptr),
        rejects_(rejects),
        stats_(stats),
        stop_(stop),
        stream_(stream),
        splitter_(stream, options.limits),
        jobs_(std::vector<WriteJob>(options.ranges_in_flight_max)),
        parsers_(make_parsers(options, mapping, filter, writing_, sorting_)),
        settler_(mapping, rejects, stats,
                 writing_   ? Fate::kWritten
                 : sorting_ ? Fate::kSorted
                            : Fate::kCounted),
        rejects_parser_(mapping, filter, static_cast<std::uint32_t>(options.limits.line_bytes_max)) {}

  PipelineResult execute();

  void first_rejects(parse::ParsedRange& parsed) override;
  void more_rejects(parse::ParsedRange& parsed) override;
  [[nodiscard]] bool allows_refused(const WriteJob& job, std::uint64_t refused) override;
  void done(WriteJob& job) override;

 private:
  using ParseNode = flow::multifunction_node<WriteJob*, std::tuple<WriteJob*>>;
  using WriteNode = flow::async_node<WriteJob*, WriteJob*>;
  using SettleNode = flow::multifunction_node<WriteJob*, std::tuple<flow::continue_msg>>;

  void run_graph();
  void finish_runs();
  WriteJob* split();
  void parse(WriteJob& job, Parser& parser);
  void number_lines(WriteJob& job);
  void hand_over(WriteJob& job, WriteNode::gateway_type& gateway);
  std::size_t settle_in_order(WriteJob& job);
  void settle(WriteJob& job);
  void keep_in_journal(WriteJob& job);

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
  const Writing* const writing_;  // one of these two, or neither
  const Sorting* const sorting_;
  const ledger::CommittedRanges* const committed_;  // null while ranges are counted only
  report::RejectSink& rejects_;
  report::LiveStats& stats_;
  const StopSignal& stop_;

  // split() only, until the graph is done.
  inflate::DecodedStream& stream_;
  split::LineSplitter splitter_;
  bool reached_end_ = false;
  std::uint64_t ranges_ = 0;

  LoanPool<WriteJob> jobs_;
  LoanPool<Parser> parsers_;

  // number_lines() and hand_over() only, which one serial node calls, until the graph is done.
  LineNumber next_line_{1};
  std::uint64_t rejected_lines_ = 0;  // by the parser, in the ranges handed over
  bool is_discarding_ = false;        // nothing more is to be written

  // settle_in_order() only, until the graph is done.
  std::map<RangeNumber, WriteJob*> done_;  // committed or given up, while a lower range is not
  RangeNumber next_to_settle_;
  RangeSettler settler_;

  WriteNode::gateway_type* gateway_ = nullptr;  // for done(); set before the graph runs

  std::mutex rejects_parser_mutex_;  // guards rejects_parser_
  parse::RangeParser rejects_parser_;

  std::atomic<bool> ended_ = false;  // no further range is to be split
  std::mutex failure_mutex_;         // guards failure_
  std::exception_ptr failure_;
};

PipelineResult RangeRun::execute() {
  // The arena has a place for each thread asked for, and TBB may start as many, whatever the number of cores.
  const oneapi::tbb::global_control parallelism(oneapi::tbb::global_control::max_allowed_parallelism, options_.threads);
  oneapi::tbb::task_arena arena(static_cast<int>(options_.threads));
  arena.execute([this] {
    run_graph();
    if (!failure_ && !stop_.requested()) finish_runs();
  });

  report::RunCounts counts = settler_.counts();
  counts.bytes_compressed = stream_.compressed_bytes();
  return {.counts = counts,
          .lines = next_line_ - LineNumber(1),
          .blank = settler_.blank(),
          .ranges = ranges_,
          .interrupted = stop_.requested() && !(reached_end_ && settler_.all_committed()),
          .budget_verdict = settler_.budget_verdict(),
          .failure = failure_};
}

void RangeRun::run_graph() {
  flow::graph graph;
  flow::input_node<WriteJob*> split_node(graph, [this](oneapi::tbb::flow_control& control) {
    WriteJob* const job = split();
    if (job == nullptr) control.stop();
    return job;
  });
  // The splitter holds one range more, ready for the next token.
  flow::limiter_node<WriteJob*> limiter(graph, options_.ranges_in_flight_max - 1);
  ParseNode parse_node(graph, options_.threads, [this](WriteJob* job, ParseNode::output_ports_type& parsed) {
    Parser& parser = parsers_.acquire();
    parse(*job, parser);
    std::get<0>(parsed).try_put(job);
    // Not before: the ranges behind wait for this one, and it would wait for a whole run to be sorted and written.
    if (parser.run_builder && !succeeds([&] { parser.run_builder->make_room(); })) parser.run_builder.reset();
    parsers_.release(parser);
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
  flow::make_edge(flow::output_port<0>(parse_node), sequence);
  flow::make_edge(sequence, write_node);
  flow::make_edge(write_node, settle_node);
  flow::make_edge(flow::output_port<0>(settle_node), limiter.decrementer());

  split_node.activate();
  graph.wait_for_all();
}

void RangeRun::finish_runs() {
  succeeds([this] {
    const auto parsers = parsers_.all();
    oneapi::tbb::parallel_for_each(parsers.begin(), parsers.end(), [](Parser& parser) {
      if (parser.run_builder) parser.run_builder->finish();
    });
  });
}

// The next range in file order, or null when no more are to come.
WriteJob* RangeRun::split() {
  if (ended_ || stop_.requested() || (writing_ && writing_->pool.failed())) return nullptr;
  WriteJob& job = jobs_.acquire();
  std::optional<split::Range> range;
  const bool has_succeeded = succeeds([&] {
    // Made at a job's first use, so that a short input takes little memory.
    PaddedBuffer& buffer = job.parsed.range.bytes;
    if (buffer.capacity() == 0) buffer = PaddedBuffer(options_.limits.buffer_bytes());
    range = splitter_.next(std::move(buffer));
  });
  stats_.source_read = stream_.compressed_bytes();
  reached_end_ = has_succeeded && !range && !stream_.stopped();
  // A stop ends the stream anywhere, so the range that comes after one may end inside a line.
  if (!range || stop_.requested()) {
    jobs_.release(job);
    return nullptr;
  }
  job.parsed.range = std::move(*range);
  job.compressed_end = stream_.compressed_bytes();
  job.is_recorded = committed_ && committed_->contains(job.parsed.range.number);
  job.owner = this;
  ++ranges_;
  stats_.bytes_decompressed += job.parsed.range.length_bytes();
  ++stats_.ranges_split;
  return &job;
}

void RangeRun::parse(WriteJob& job, Parser& parser) {
  job.parse_failure = nullptr;
  try {
    if (committed_) job.digest = digest_hex(job.parsed.range.bytes.view().text());
    if (writing_ && job.is_recorded) {
      parse::count_lines(job.parsed);
    } else {
      parser.range_parser.parse(job.parsed);
    }
    if (writing_) parser.orderer.order(job.parsed.rows, job.order);
    if (parser.run_builder) parser.run_builder->add(job.parsed.rows, job.parsed.range.number);
  } catch (...) {
    job.parse_failure = std::current_exception();
    parser.run_builder.reset();  // no other function of it may be called now, and nothing is merged any more
  }
  ++stats_.ranges_parsed;
}

// In file order. What is behind more bad lines than the budget has is not written.
void RangeRun::number_lines(WriteJob& job) {
  job.result = {};
  if (is_discarding_) return;
  job.first_line = next_line_;
  next_line_ += job.parsed.counts.lines;
  is_discarding_ = !rejects_.may_hold(rejected_lines_, LineNumber(1), job.first_line) || !succeeds([&] {
    if (job.parse_failure) std::rethrow_exception(job.parse_failure);
  });
  rejected_lines_ += job.parsed.counts.rejected();
  // Without writers all is done that is to be done for a range.
  job.result.committed = !writing_ && !is_discarding_;
}

void RangeRun::hand_over(WriteJob& job, WriteNode::gateway_type& gateway) {
  if (is_discarding_ || !writing_) {
    gateway.try_put(&job);
    return;
  }
  gateway.reserve_wait();
  if (succeeds([&] { writing_->pool.submit(job); })) return;
  is_discarding_ = true;
  done(job);
}

void RangeRun::done(WriteJob& job) {
  gateway_->try_put(&job);
  gateway_->release_wait();
}

void RangeRun::first_rejects(parse::ParsedRange& parsed) {
  const std::lock_guard lock(rejects_parser_mutex_);
  rejects_parser_.parse_first_rejects(parsed);
}

void RangeRun::more_rejects(parse::ParsedRange& parsed) {
  const std::lock_guard lock(rejects_parser_mutex_);
  rejects_parser_.parse_more_rejects(parsed);
}

bool RangeRun::allows_refused(const WriteJob& job, std::uint64_t refused) {
  const parse::ParseCounts& counts = job.parsed.counts;
  return rejects_.may_hold(rejects_.rejected() + counts.rejected() + refused, job.first_line,
                           job.first_line + (counts.lines - 1));
}

// Settles the range and those behind it that only waited for it; returns how many.
std::size_t RangeRun::settle_in_order(WriteJob& job) {
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

// Without writers, a range whose rejects could not be kept does not count.
void RangeRun::settle(WriteJob& job) {
  const bool is_over_before = settler_.budget_verdict().has_value();
  const bool is_kept = !is_over_before && succeeds([&] {
    if (sorting_ && job.result.committed) keep_in_journal(job);
    settler_.add_rejects(job);
  });
  if (settler_.budget_verdict()) ended_ = true;
  if (!writing_ && !is_kept) job.result.committed = false;
  settler_.count(job);
}

void RangeRun::keep_in_journal(WriteJob& job) {
  const split::Range& range = job.parsed.range;
  spill::RangeEntry entry{.number = range.number,
                          .begin = range.begin,
                          .length_bytes = range.length_bytes(),
                          .digest = {},
                          .compressed_end = job.compressed_end,
                          .first_line = job.first_line,
                          .counts = job.parsed.counts,
                          .is_recorded = job.is_recorded};
  std::copy(job.digest.begin(), job.digest.end(), entry.digest.begin());
  sorting_->ranges.add(entry, [&](const auto& visit) {
    job.for_each_reject([&](const parse::RawReject& reject) {
      visit(reject);
      return true;
    });
  });
}

}  // namespace

PipelineResult run_pipeline(inflate::DecodedStream& stream, const PipelineOptions& options,
                            const parse::Mapping& mapping, const parse::RowFilter& filter,
                            const Destination& destination, report::RejectSink& rejects, report::LiveStats& stats,
                            const StopSignal& stop) {
  RangeRun run(stream, options, mapping, filter, destination, rejects, stats, stop);
  return run.execute();
}

}  // namespace chatload::pipeline
