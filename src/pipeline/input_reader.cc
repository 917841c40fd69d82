#include "pipeline/input_reader.h"

#include <utility>

#include "inflate/decoded_stream.h"
#include "inflate/log_stream.h"
#include "report/progress.h"
#include "source/digesting_source.h"

namespace chatload::pipeline {

InputResult read_input(std::unique_ptr<source::ByteSource> input, const cli::ReadPlan& read,
                       report::ProgressOptions progress, const parse::Mapping& mapping,
                       std::size_t ranges_in_flight_max, const Destination& destination, report::RejectSink& rejects,
                       report::LiveStats& stats, const StopSignal& stop) {
  auto source = std::make_unique<source::DigestingSource>(std::move(input));
  const source::DigestingSource& digested = *source;  // the stream has it then
  progress.source_total = source->size_bytes();
  progress.ranges_in_flight_max = ranges_in_flight_max;
  const std::unique_ptr<inflate::DecodedStream> stream = inflate::open_log(std::move(source), read.inflater);

  InputResult result;
  stats.restart();
  {
    const report::Progress watched(stats, progress);
    result.pipeline = run_pipeline(*stream, {read.split, read.threads, ranges_in_flight_max}, mapping, read.filter,
                                   destination, rejects, stats, stop);
  }
  PipelineResult& done = result.pipeline;
  if (!done.budget_verdict && !done.interrupted && !done.failure) {
    done.budget_verdict = rejects.verdict_at_end(done.lines, done.blank);
  }
  result.source_digest = digested.digest_hex();
  return result;
}

}  // namespace chatload::pipeline
