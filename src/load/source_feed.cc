#include "load/source_feed.h"

#include <fmt/format.h>

#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "inflate/log_stream.h"
#include "load/content_digest.h"
#include "load/first_lines.h"

namespace chatload::load {

// The source whose turn it is.
struct SourceFeed::Reading {
  Reading(LoadSource& its_source, std::shared_ptr<const source::HeldFile> its_file,
          std::unique_ptr<source::ByteSource> bytes, const cli::ReadPlan& read)
      : source(its_source), file(std::move(its_file)) {
    auto digesting = std::make_unique<source::DigestingSource>(std::move(bytes));
    digested = digesting.get();  // the stream has it then
    stream = inflate::open_log(std::move(digesting), read.inflater);
    splitter.emplace(*stream, read.split);
  }

  LoadSource& source;
  std::shared_ptr<const source::HeldFile> file;
  const source::DigestingSource* digested;
  std::unique_ptr<inflate::DecodedStream> stream;
  std::optional<split::LineSplitter> splitter;
};

SourceFeed::SourceFeed(std::vector<LoadSource*> sources, FeedOptions options, const parse::Mapping& mapping,
                       report::RejectReport& rejects, report::LiveStats& stats, const StopSignal& stop)
    : sources_(std::move(sources)),
      options_(options),
      mapping_(mapping),
      rejects_(rejects),
      stats_(stats),
      stop_(stop) {
  stats_.sources_total = sources_.size();
}

SourceFeed::~SourceFeed() = default;

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
  for (; judged_ < accounts_.size(); ++judged_) accounts_[judged_].judge_at_end();
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
  accounts_.emplace_back(source.ordinal, source.name, options_.report.reject_limit, rejects_);
  std::shared_ptr<const source::HeldFile> file = source.open();
  if (!source.looked_at.bytes) {
    source.looked_at = open_and_look(*file, options_.read, mapping_, options_.looks_rejects, stop_);
  }
  reading_ = std::make_unique<Reading>(source, std::move(file), std::move(source.looked_at.bytes), options_.read);
}

void SourceFeed::read_on(PaddedBuffer buffer, std::optional<pipeline::FedRange>& fed) {
  pipeline::SourceAccount& account = accounts_.back();
  if (buffer.capacity() == 0) buffer = PaddedBuffer(options_.read.split.buffer_bytes());  // a source before took it
  std::optional<split::Range> range = reading_->splitter->next(std::move(buffer));
  if (range) {
    ++account.ranges;
    fed = {std::move(*range), &account, reading_->stream->compressed_bytes()};
  } else if (!reading_->stream->stopped() && !stop_.requested()) {
    finish_source();
  }
}

// A file whose stamp changed while it was read holds what was read, and would be known again by it, or does not.
void SourceFeed::finish_source() {
  pipeline::SourceAccount& account = accounts_.back();
  const LoadSource& source = reading_->source;
  account.digest = reading_->digested->digest_hex();
  account.stamp = source::file_stamp(*reading_->file);
  account.bytes_compressed = reading_->stream->compressed_bytes();
  if (account.stamp != source.identity.stamp && !is_as_read(source, account.digest)) {
    throw SourceError(
        fmt::format("{}: was changed while it was read, so that what is loaded may be neither its old nor its new "
                    "content; load it with --restart once nobody writes to it.",
                    source.name));
  }
  account.reached_end = true;
  close_source();
}

bool SourceFeed::is_as_read(const LoadSource& source, const std::string& digest) const {
  const source::HeldFile& file = *reading_->file;
  return digest_of(file, stop_) == digest && (!source.identity.key.starts_with("file:") ||
                                              source::identify_source(file, std::nullopt).key == source.identity.key);
}

void SourceFeed::close_source() {
  if (!reading_) return;
  bytes_before_ += reading_->stream->compressed_bytes();
  reading_.reset();
}

}  // namespace chatload::load
