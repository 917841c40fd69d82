#include "load/source_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "inflate/indexed_gzip.h"
#include "inflate/seek_index.h"
#include "load/content_digest.h"
#include "load/first_lines.h"

namespace chatload::load {

namespace {

void warn_of_index(const inflate::SeekIndexError& error) {
  log_warning(fmt::format("{}; its gzip is read from its beginning meanwhile.", error.what()));
}

}  // namespace

SourceFeed::SourceFeed(std::vector<LoadSource*> sources, FeedOptions options, const mapping::Mapping& mapping,
                       report::RejectReport& rejects, report::LiveStats& stats, const StopSignal& stop)
    : sources_(std::move(sources)),
      options_(std::move(options)),
      mapping_(mapping),
      rejects_(rejects),
      stats_(stats),
      stop_(stop),
      counts_lines_(has_origin(mapping, mapping::Origin::kLine)),
      ahead_(sources_, options_.read, options_.ahead, stop) {
  stats_.sources_total = sources_.size();
}

std::uint64_t SourceFeed::compressed_bytes() const {
  return bytes_before_ + (reading_ ? reading_->stream->compressed_bytes() : 0);
}

bool SourceFeed::begin_run() {
  judge();
  const bool stops =
      (options_.stops_at_failure || options_.ends_at_failure) && !accounts_.empty() && !accounts_.back().is_whole();
  if (next_ == sources_.size() || stops) return false;
  run_end_ = options_.stops_at_failure ? next_ + 1 : sources_.size();
  reached_end_ = false;
  return true;
}

pipeline::PipelineResult SourceFeed::run(pipeline::RangeSink& sink, const pipeline::PipelineOptions& options,
                                         const parse::RowFilter& filter) {
  pipeline::PipelineResult result;
  while (result.is_whole() && begin_run()) {
    result = run_pipeline(*this, sink, options, mapping_, filter, stats_, stop_);
  }
  judge();
  return result;
}

void SourceFeed::judge() {
  for (; judged_ < accounts_.size(); ++judged_) settled(accounts_[judged_]);
}

void SourceFeed::settled(pipeline::SourceAccount& account) {
  if (std::exchange(account.is_judged, true)) return;
  account.judge_at_end();
  if (options_.on_whole && account.is_whole()) options_.on_whole(account);
}

// What is wrong with a source ends that one alone.
std::optional<pipeline::FedRange> SourceFeed::next(PaddedBuffer buffer) {
  std::optional<pipeline::FedRange> fed;
  while (!fed && !stop_.requested()) {
    if (!accounts_.empty() && (accounts_.back().failure || accounts_.back().is_given_up)) {
      close_source();
      if (options_.ends_at_failure) run_end_ = next_;
    }
    if (!reading_ && next_ == run_end_) {
      reached_end_ = true;
      return std::nullopt;
    }
    try {
      if (!reading_) open_next();
      read_on(std::exchange(buffer, {}), fed);
    } catch (const EnvironmentError&) {
      throw;
    } catch (const DatabaseError&) {
      throw;
    } catch (const Error& error) {
      if (stop_.requested()) return std::nullopt;
      log_error(error.what());
      accounts_.back().failure = std::current_exception();
    }
  }
  return fed;
}

void SourceFeed::open_next() {
  LoadSource& source = *sources_[next_++];
  stats_.source_number = next_;
  accounts_.emplace_back(source.ordinal, source.name,
                         parse::SourceFacts{source.recorded_name, options_.load, options_.loaded_at_microseconds},
                         options_.report.reject_limit, rejects_);
  reading_ = ahead_.take(source);
  std::shared_ptr<const source::Input> file = reading_ ? reading_->file : source.open();
  std::shared_ptr<const inflate::IndexedGzip> gzip = reading_ ? nullptr : find_index(file);
  const bool is_behind = gzip && gzip->has_sum() && source.recorded && begin_behind_recorded(source, file, gzip);
  if (!is_behind) look(source, *file);
  std::unique_ptr<source::ByteSource> bytes = std::move(source.looked_at.bytes);
  if (!reading_) {
    reading_ = std::make_unique<SourceReading>(source, std::move(file), std::move(gzip), std::move(bytes),
                                               options_.read, options_.ahead);
  }
  if (reading_->stream->reads_ahead()) ahead_.make_room();
  prefetch_next();
}

void SourceFeed::look(LoadSource& source, const source::Input& file) {
  if (options_.report.reject_limit.may_be_all) {
    source.looked_at.bytes = file.open(stop_.fd());
  } else if (!source.looked_at.bytes) {
    source.looked_at = open_and_look(file, options_.read, mapping_, options_.looks_rejects, stop_);
  }
}

bool SourceFeed::begin_behind_recorded(LoadSource& source, const std::shared_ptr<const source::Input>& file,
                                       std::shared_ptr<const inflate::IndexedGzip>& gzip) {
  try {
    reading_ = std::make_unique<SourceReading>(source, file, gzip, options_.read, options_.ahead, stop_);
  } catch (const inflate::SeekIndexError& error) {
    warn_of_index(error);
    gzip = nullptr;
    return false;
  }
  accounts_.back().begin_behind(*source.recorded);
  log_info(fmt::format("{}: its first {} lines are loaded, and its seek index tells where the next one is.",
                       source.name, format_count(source.recorded->lines)));
  return true;
}

// Of many small objects each would cost the time of a request. What the one that is read asks for comes first: for a
// large one that is most of the memory.
void SourceFeed::prefetch_next() {
  for (std::size_t i = next_; i < std::min(sources_.size(), next_ + source::kObjectsAtOnce); ++i) {
    const LoadSource& source = *sources_[i];
    if (source.file && !source.recorded) source.file->prefetch();
  }
}

// An index that is of no use costs time, and nothing else.
std::shared_ptr<const inflate::IndexedGzip> SourceFeed::find_index(const std::shared_ptr<const source::Input>& file) {
  const auto index = index_place(file->name(), options_.read);
  if (!file->can_seek() || !index) return nullptr;
  try {
    return inflate::IndexedGzip::find(file, *index);
  } catch (const inflate::SeekIndexError& error) {
    warn_of_index(error);
    return nullptr;
  }
}

void SourceFeed::read_on(PaddedBuffer buffer, std::optional<pipeline::FedRange>& fed) {
  pipeline::SourceAccount& account = accounts_.back();
  if (!reading_->stream->reads_ahead()) ahead_.begin_from(next_);
  if (buffer.capacity() == 0) buffer = PaddedBuffer(options_.read.split.buffer_bytes());  // a source before took it
  std::optional<split::Range> range = reading_->splitter->next(std::move(buffer));
  if (range) {
    ++account.ranges;
    const std::uint64_t lines_before = account.lines_cut;
    if (counts_lines_) account.lines_cut += range->count_lines();
    fed = {std::move(*range), &account, reading_->stream->compressed_bytes(), lines_before};
  } else if (!reading_->stream->stopped() && !stop_.requested()) {
    finish_source();
  }
}

// A file whose stamp changed while it was read holds what was read, and would be known again by it, or does not.
void SourceFeed::finish_source() {
  pipeline::SourceAccount& account = accounts_.back();
  const LoadSource& source = reading_->source;
  if (reading_->passed_over_bytes > 0) {
    reading_->digested->put_in_front(digest_of_front(*reading_->file, reading_->passed_over_bytes, stop_));
  }
  account.digest = reading_->digested->digest_hex();
  account.stamp = reading_->file->stamp();
  account.bytes_compressed = reading_->stream->compressed_bytes();
  if (account.stamp != source.identity.stamp &&
      (reading_->passed_over_bytes > 0 || !is_as_read(source, account.digest))) {
    throw SourceError(
        fmt::format("{}: was changed while it was read, so that what is loaded may be neither its old nor its new "
                    "content; load it with --restart once nobody writes to it.",
                    source.name));
  }
  if (options_.load == 0 && reading_->stream->lacks_checksum()) {
    log_warning(
        fmt::format("{}: its zstd frames have no checksum, or some of them, so damage may go unseen.", source.name));
  }
  // Without a point it is no gzip.
  if (reading_->maker && reading_->maker->points() > 0) {
    reading_->maker->close(source::identify_source(*reading_->file, std::nullopt).key);
  }
  account.reached_end = true;
  close_source();
}

bool SourceFeed::is_as_read(const LoadSource& source, const std::string& digest) const {
  const source::Input& file = *reading_->file;
  return digest_of(file, stop_) == digest && (!source.identity.key.starts_with("file:") ||
                                              source::identify_source(file, std::nullopt).key == source.identity.key);
}

void SourceFeed::close_source() {
  if (!reading_) return;
  bytes_before_ += reading_->stream->compressed_bytes();
  ahead_.give_back(std::move(reading_));
}

}  // namespace chatload::load
