#include "inflate/log_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "inflate/content_kind.h"

namespace chatload::inflate {

LogStream::LogStream(std::unique_ptr<DecodedStream> stream, std::string name, bool has_lines)
    : stream_(std::move(stream)), name_(std::move(name)), has_lines_(has_lines) {}

std::size_t LogStream::read(std::span<char> out) {
  if (!has_looked_) look();
  if (!head_.empty()) {
    const std::size_t size = std::min(out.size(), head_.size() - head_used_);
    std::memcpy(out.data(), head_.data() + head_used_, size);
    head_used_ += size;
    if (head_used_ == head_.size()) head_ = std::string();
    return size;
  }
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  return has_ended_ ? 0 : stream_->read(out);
}

// What was read in front of a failure is handed out before it, as without the look.
void LogStream::look() {
  has_looked_ = true;
  head_.resize(kContentLookBytes);
  std::size_t size = 0;
  try {
    while (size < head_.size() && !has_ended_) {
      const std::size_t read = stream_->read({head_.data() + size, head_.size() - size});
      has_ended_ = read == 0;
      size += read;
    }
  } catch (...) {
    failure_ = std::current_exception();
  }
  head_.resize(size);
  // A stop this early leaves too little to judge.
  if (!has_ended_ || !stream_->stopped()) require_log(has_ended_);
}

void LogStream::require_log(bool is_whole) const {
  const bool is_judged = has_lines_ || !begins_json(head_);
  const bool is_gzip = compression() == Compression::kGzip;
  if (const auto content = is_judged ? foreign_content(head_, is_whole, is_gzip) : std::nullopt) {
    throw ForeignContentError(to_sentence(*content, name_, head_, is_gzip));
  }
  if (is_gzip || !name_.ends_with(".gz") || begins_json(head_)) return;
  throw CorruptInputError(
      fmt::format("{} is not gzip, although its name ends in .gz: the bytes 1f 8b are missing at compressed byte 0; "
                  "get an undamaged copy of it, or rename it if it is plain text",
                  name_));
}

std::unique_ptr<DecodedStream> open_log(std::unique_ptr<source::ByteSource> source, Inflater inflater,
                                        const RecordForm& records, ReadAhead ahead,
                                        std::shared_ptr<const IndexedGzip> gzip, BlockObserver* observer) {
  std::string name = source->name();
  auto stream = gzip ? open_indexed(std::move(gzip), std::move(source), 0, 0, inflater, ahead)
                     : open_decoded(std::move(source), inflater, ahead, observer);
  return std::make_unique<LogStream>(std::move(stream), std::move(name), records.is_lines());
}

}  // namespace chatload::inflate
