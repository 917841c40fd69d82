#include "source/replayed_source.h"

#include "base/errors.h"

namespace chatload::source {

std::size_t RecordingSource::read(std::span<char> out) {
  if (recording_.bytes.size() >= bytes_max_) throw SourceError(name() + ": no more of it is recorded.");
  const std::size_t bytes = recording_.source->read(out);
  recording_.bytes.append(out.data(), bytes);
  recording_.has_ended = bytes == 0;
  return bytes;
}

std::size_t ReplayedSource::read(std::span<char> out) {
  if (handed_out_ < recording_.bytes.size()) {
    const std::size_t bytes = recording_.bytes.copy(out.data(), out.size(), handed_out_);
    handed_out_ += bytes;
    return bytes;
  }
  recording_.bytes = std::string();
  handed_out_ = 0;
  return recording_.has_ended ? 0 : recording_.source->read(out);
}

}  // namespace chatload::source
