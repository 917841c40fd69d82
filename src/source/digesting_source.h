// A byte source that takes the digest of every byte it hands on.
#pragma once

#include <memory>
#include <string>

#include "source/byte_source.h"
#include "source/content_digest.h"

namespace chatload::source {

// Used by one thread at a time, as the source that it owns. The bytes are not copied.
class DigestingSource : public ByteSource {
 public:
  explicit DigestingSource(std::unique_ptr<ByteSource> source, DigestForm form = DigestForm::kChunks);

  [[nodiscard]] std::size_t read(std::span<char> out) override;
  [[nodiscard]] bool stopped() const override { return source_->stopped(); }
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const override { return source_->size_bytes(); }
  [[nodiscard]] const std::string& name() const override { return source_->name(); }

  // What `front` has had comes before all bytes read so far (ContentDigest::put_in_front()).
  void put_in_front(const ContentDigest& front) { digest_.put_in_front(front); }

  // Of all bytes read so far, as ContentDigest::hex(): that of the whole input after a read that returned 0 without a
  // stop.
  [[nodiscard]] std::string digest_hex() const { return digest_.hex(); }

 private:
  std::unique_ptr<ByteSource> source_;
  ContentDigest digest_;
};

}  // namespace chatload::source
