// Looking at the beginning of an input that can be read once only, and reading it from its beginning all the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "source/byte_source.h"

namespace chatload::source {

// A source, and what was read of it so far.
struct Recording {
  std::unique_ptr<ByteSource> source;
  std::string bytes;
  bool has_ended = false;  // a read returned 0
};

// Reads on and records. Borrows the recording.
class RecordingSource : public ByteSource {
 public:
  // bytes_max: from so many recorded bytes on, read() throws SourceError and leaves the source as it is.
  RecordingSource(Recording& recording, std::size_t bytes_max) : recording_(recording), bytes_max_(bytes_max) {}

  [[nodiscard]] std::size_t read(std::span<char> out) override;
  [[nodiscard]] bool stopped() const override { return recording_.source->stopped(); }
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const override { return recording_.source->size_bytes(); }
  [[nodiscard]] const std::string& name() const override { return recording_.source->name(); }

 private:
  Recording& recording_;
  const std::size_t bytes_max_;
};

// Hands out what was recorded, and then what is left of the source.
class ReplayedSource : public ByteSource {
 public:
  explicit ReplayedSource(Recording recording) : recording_(std::move(recording)) {}

  [[nodiscard]] std::size_t read(std::span<char> out) override;
  [[nodiscard]] bool stopped() const override { return recording_.source->stopped(); }
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const override { return recording_.source->size_bytes(); }
  [[nodiscard]] const std::string& name() const override { return recording_.source->name(); }

 private:
  Recording recording_;
  std::size_t handed_out_ = 0;  // of the recorded bytes, which are freed after the last
};

}  // namespace chatload::source
