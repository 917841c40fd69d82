// A source of a load or a check that is open: its bytes, what they inflate to, and where its ranges are cut.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/padded_buffer.h"
#include "base/stop_signal.h"
#include "cli/plan.h"
#include "inflate/decoded_stream.h"
#include "inflate/head_start.h"
#include "inflate/index_maker.h"
#include "inflate/indexed_gzip.h"
#include "load/source.h"
#include "source/byte_source.h"
#include "source/digesting_source.h"
#include "source/input.h"
#include "split/range_splitter.h"

namespace chatload::load {

// Where its seek index is, if it has one. Nothing of an object in a store without --index-dir.
[[nodiscard]] std::optional<std::filesystem::path> index_place(const std::string& name, const cli::ReadPlan& read);

// Borrows the source.
struct SourceReading {
  // From its beginning, by several threads where it has a seek index; where it has none, gzip is null, and one may be
  // made. bytes: of the file. Throws as open_log() does.
  SourceReading(LoadSource& its_source, std::shared_ptr<const source::Input> its_file,
                std::shared_ptr<const inflate::IndexedGzip> gzip, std::unique_ptr<source::ByteSource> bytes,
                const cli::ReadPlan& read, inflate::ReadAhead ahead);

  // From behind the ranges that are recorded on. The digest is of whole chunks, so reading begins with one. Throws
  // SeekIndexError where the index does not serve, and as open_indexed() does.
  SourceReading(LoadSource& its_source, std::shared_ptr<const source::Input> its_file,
                std::shared_ptr<const inflate::IndexedGzip> gzip, const cli::ReadPlan& read, inflate::ReadAhead ahead,
                const StopSignal& stop);

  // What it begins with is to be inflated by another thread, into that buffer: by head->run(). REQUIRES: nothing of it
  // has been read.
  void give_head_start(PaddedBuffer buffer, const cli::ReadPlan& read);

  LoadSource& source;
  std::shared_ptr<const source::Input> file;
  source::DigestingSource* digested = nullptr;  // the stream has it
  std::optional<inflate::IndexMaker> maker;
  std::uint64_t passed_over_bytes = 0;  // compressed, in front of what is read
  std::unique_ptr<inflate::DecodedStream> stream;
  inflate::HeadStart* head = nullptr;  // the stream, where it has one
  std::unique_ptr<split::RangeSplitter> splitter;

 private:
  std::string name_;  // for messages

  [[nodiscard]] std::unique_ptr<source::DigestingSource> digest(std::unique_ptr<source::ByteSource> bytes);
};

}  // namespace chatload::load
