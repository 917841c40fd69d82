#include "inflate/log_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "inflate/content_kind.h"

namespace chatload::inflate {
namespace {

struct NamedKind {
  std::string_view suffix;
  std::string_view why_not;
};
constexpr std::array kNamedKinds = {
    NamedKind{".gz", "is not gzip, although its name ends in .gz: the bytes 1f 8b are missing"},
    NamedKind{".zst", "is not zstd, although its name ends in .zst: the bytes 28 b5 2f fd are missing"}};

}  // namespace

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
  if (const auto content = is_judged ? foreign_content(head_, is_whole, compression()) : std::nullopt) {
    throw ForeignContentError(to_sentence(*content, name_, head_, compression()));
  }
  if (compression() != Compression::kNone || begins_json(head_)) return;
  for (const NamedKind& kind : kNamedKinds) {
    if (!name_.ends_with(kind.suffix)) continue;
    throw CorruptInputError(
        fmt::format("{} {} at compressed byte 0; get an undamaged copy of it, or rename it if it is plain text", name_,
                    kind.why_not));
  }
}

std::unique_ptr<DecodedStream> open_log(std::unique_ptr<source::ByteSource> source, Inflater inflater,
                                        const RecordForm& records, ReadAhead ahead, WindowRoom window,
                                        std::shared_ptr<const IndexedGzip> gzip, BlockObserver* observer) {
  std::string name = source->name();
  auto stream = gzip ? open_indexed(std::move(gzip), std::move(source), 0, 0, inflater, ahead)
                     : open_decoded(std::move(source), inflater, ahead, window, observer);
  return std::make_unique<LogStream>(std::move(stream), std::move(name), records.is_lines());
}

}  // namespace chatload::inflate
