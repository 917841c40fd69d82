// The sources of a load or a check, one after the other: opened when their turn comes, closed behind their last range.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/stop_signal.h"
#include "cli/plan.h"
#include "inflate/decoded_stream.h"
#include "inflate/indexed_gzip.h"
#include "load/source.h"
#include "load/source_reading.h"
#include "load/sources_ahead.h"
#include "mapping/mapping.h"
#include "parse/row_filter.h"
#include "pipeline/range_feed.h"
#include "pipeline/range_pipeline.h"
#include "pipeline/range_sink.h"
#include "pipeline/source_account.h"
#include "report/live_stats.h"
#include "report/reject_sink.h"
#include "report/reject_writer.h"

namespace chatload::load {

struct FeedOptions {
  const cli::ReadPlan& read;
  const cli::ReportPlan& report;
  std::uint64_t load = 0;                         // its number; 0 of a check or a copy
  std::int64_t loaded_at_microseconds = 0;        // when it began, since 1970 UTC
  inflate::ReadAhead ahead = {};                  // for one source that can use it, or the first bytes of several
  report::RejectWriter* looks_rejects = nullptr;  // for those of a source that is hopeless at first sight
  // A source behind one that fails is not read: --fail-fast, and where its lines would come too early. Each then has a
  // run of the graph for itself, so that all is known of the one in front.
  bool stops_at_failure = false;
  // The same where nothing is written before all is read, so that it need not be so exact.
  bool ends_at_failure = false;
  // Hears of each source once everything of it is where it belongs, one at a time, while others are on their way.
  std::function<void(const pipeline::SourceAccount&)> on_whole = nullptr;
};

// Borrows all that it is given. Sources that cannot be read at all, and those that are done, are left out by the
// caller.
class SourceFeed final : public pipeline::RangeFeed {
 public:
  SourceFeed(std::vector<LoadSource*> sources, FeedOptions options, const mapping::Mapping& mapping,
             report::RejectReport& rejects, report::LiveStats& stats, const StopSignal& stop);

  // Runs the graph, once for all sources or once for each; then those that were read to their end have their verdicts.
  [[nodiscard]] pipeline::PipelineResult run(pipeline::RangeSink& sink, const pipeline::PipelineOptions& options,
                                             const parse::RowFilter& filter);

  // The next run of the graph: whether there is something to run it for.
  [[nodiscard]] bool begin_run();

  [[nodiscard]] std::optional<pipeline::FedRange> next(PaddedBuffer buffer) override;
  void settled(pipeline::SourceAccount& account) override;
  [[nodiscard]] bool reached_end() const override { return reached_end_; }
  [[nodiscard]] std::uint64_t compressed_bytes() const override;

  // Of the sources that were begun, in order.
  [[nodiscard]] std::deque<pipeline::SourceAccount>& accounts() { return accounts_; }
  [[nodiscard]] const std::vector<LoadSource*>& sources() const { return sources_; }

 private:
  void judge();
  void open_next();
  void look(LoadSource& source, const source::Input& file);
  void prefetch_next();
  // False where the index is of no use; then it is null.
  [[nodiscard]] bool begin_behind_recorded(LoadSource& source, const std::shared_ptr<const source::Input>& file,
                                           std::shared_ptr<const inflate::IndexedGzip>& gzip);
  [[nodiscard]] std::shared_ptr<const inflate::IndexedGzip> find_index(
      const std::shared_ptr<const source::Input>& file);
  void read_on(PaddedBuffer buffer, std::optional<pipeline::FedRange>& fed);
  void finish_source();
  [[nodiscard]] bool is_as_read(const LoadSource& source, const std::string& digest) const;
  void close_source();

  const std::vector<LoadSource*> sources_;
  const FeedOptions options_;
  const mapping::Mapping& mapping_;
  report::RejectReport& rejects_;
  report::LiveStats& stats_;
  const StopSignal& stop_;
  std::size_t next_ = 0;     // of sources_
  std::size_t run_end_ = 0;  // the source behind the last of this run
  std::deque<pipeline::SourceAccount> accounts_;
  std::size_t judged_ = 0;                  // of them
  std::unique_ptr<SourceReading> reading_;  // the last account's source
  const bool counts_lines_;                 // of each range, for the mapping
  std::uint64_t bytes_before_ = 0;          // compressed, of the sources that are closed
  bool reached_end_ = false;
  SourcesAhead ahead_;
};

}  // namespace chatload::load
