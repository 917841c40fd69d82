#include "load/source_reading.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "inflate/log_stream.h"
#include "inflate/seek_index.h"
#include "source/content_digest.h"
#include "source/opener.h"

namespace chatload::load {
namespace {

// Where one is to be made.
void make_index(std::optional<inflate::IndexMaker>& maker, const source::Input& file, const cli::ReadPlan& read) {
  const auto path = index_place(file.name(), read);
  std::error_code error;
  if (!path || std::filesystem::exists(*path, error)) return;
  try {
    maker.emplace(*path);
  } catch (const EnvironmentError& failure) {
    log_warning(fmt::format("{} It is loaded all the same.", failure.what()));
  }
}

}  // namespace

std::optional<std::filesystem::path> index_place(const std::string& name, const cli::ReadPlan& read) {
  if (!read.index_dir && source::is_remote(name)) return std::nullopt;
  return inflate::index_path(name, read.index_dir);
}

SourceReading::SourceReading(LoadSource& its_source, std::shared_ptr<const source::Input> its_file,
                             std::shared_ptr<const inflate::IndexedGzip> gzip,
                             std::unique_ptr<source::ByteSource> bytes, const cli::ReadPlan& read,
                             inflate::ReadAhead ahead)
    : source(its_source), file(std::move(its_file)), name_(bytes->name()) {
  if (read.save_index && !gzip && file->can_seek()) make_index(maker, *file, read);
  stream = inflate::open_log(digest(std::move(bytes)), read.inflater, read.mapping->records, ahead,
                             read.window.value_or(inflate::WindowRoom{}), std::move(gzip), maker ? &*maker : nullptr);
  splitter = split::make_splitter(*stream, read.split, read.mapping->records, name_);
}

SourceReading::SourceReading(LoadSource& its_source, std::shared_ptr<const source::Input> its_file,
                             std::shared_ptr<const inflate::IndexedGzip> gzip, const cli::ReadPlan& read,
                             inflate::ReadAhead ahead, const StopSignal& stop)
    : source(its_source), file(std::move(its_file)) {
  const ledger::RecordedFront& recorded = *source.recorded;
  const std::uint64_t from = gzip->compressed_before(recorded.end.value());
  passed_over_bytes = from - from % source::kDigestChunkBytes;
  stream = inflate::open_indexed(std::move(gzip), digest(file->open_at(passed_over_bytes, stop.fd())),
                                 passed_over_bytes, recorded.end.value(), read.inflater, ahead);
  splitter = split::make_splitter(*stream, read.split, read.mapping->records, name_,
                                  {RangeNumber(recorded.ranges), recorded.end});
}

void SourceReading::give_head_start(PaddedBuffer buffer, const cli::ReadPlan& read) {
  auto with_head = std::make_unique<inflate::HeadStart>(std::move(stream), std::move(buffer));
  head = with_head.get();
  stream = std::move(with_head);
  splitter = split::make_splitter(*stream, read.split, read.mapping->records, name_);
}

std::unique_ptr<source::DigestingSource> SourceReading::digest(std::unique_ptr<source::ByteSource> bytes) {
  auto digesting = std::make_unique<source::DigestingSource>(std::move(bytes));
  digested = digesting.get();
  return digesting;
}

}  // namespace chatload::load
