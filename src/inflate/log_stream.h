// Decompressed bytes of a log: what is surely not JSON lines is named before a byte of it is handed out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>

#include "base/errors.h"
#include "base/record_form.h"
#include "inflate/block_observer.h"
#include "inflate/decoded_stream.h"
#include "inflate/indexed_gzip.h"
#include "source/byte_source.h"

namespace chatload::inflate {

// The input is whole, but of another kind than JSON lines: an archive, an HTML page, a JSON array.
class ForeignContentError : public CorruptInputError {
 public:
  using CorruptInputError::CorruptInputError;
};

// Looks at the first kContentLookBytes (content_kind.h) as they are read, so that it serves a pipe too. The first
// read() throws ForeignContentError for what is something else, and CorruptInputError for what is named .gz or
// .zst and is neither compressed nor JSON.
class LogStream : public DecodedStream {
 public:
  // name: the input's, for messages. has_lines: only then JSON that stands otherwise is something else.
  LogStream(std::unique_ptr<DecodedStream> stream, std::string name, bool has_lines);

  [[nodiscard]] std::size_t read(std::span<char> out) override;
  [[nodiscard]] bool stopped() const override { return head_.empty() && stream_->stopped(); }
  [[nodiscard]] Compression compression() const override { return stream_->compression(); }
  [[nodiscard]] bool lacks_checksum() const override { return stream_->lacks_checksum(); }
  [[nodiscard]] bool reads_ahead() const override { return stream_->reads_ahead(); }
  [[nodiscard]] std::uint64_t compressed_bytes() const override { return stream_->compressed_bytes(); }

 private:
  void look();
  void require_log(bool is_whole) const;

  std::unique_ptr<DecodedStream> stream_;
  std::string name_;
  const bool has_lines_;
  bool has_looked_ = false;
  bool has_ended_ = false;      // the stream has returned 0
  std::string head_;            // read, and not all of it handed out
  std::size_t head_used_ = 0;   // handed out
  std::exception_ptr failure_;  // of the stream, behind head_
};

// open_decoded(), looked at; or, where the source has a seek index, open_indexed() from its beginning, which no
// observer hears of.
[[nodiscard]] std::unique_ptr<DecodedStream> open_log(std::unique_ptr<source::ByteSource> source, Inflater inflater,
                                                      const RecordForm& records, ReadAhead ahead = {},
                                                      WindowRoom window = {},
                                                      std::shared_ptr<const IndexedGzip> gzip = nullptr,
                                                      BlockObserver* observer = nullptr);

}  // namespace chatload::inflate
