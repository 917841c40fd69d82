#include "source/content_digest.h"

#include <algorithm>
#include <cassert>

namespace chatload::source {
namespace {

constexpr std::string_view kOfChunks = "4M:";

}  // namespace

DigestForm form_of(std::string_view digest) {
  return digest.starts_with(kOfChunks) ? DigestForm::kChunks : DigestForm::kWhole;
}

void ContentDigest::update(std::string_view bytes) {
  if (form_ == DigestForm::kWhole) return chunk_.update(bytes);
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, std::min(bytes.size(), kDigestChunkBytes - chunk_bytes_));
    chunk_.update(part);
    chunk_bytes_ += part.size();
    bytes.remove_prefix(part.size());
    if (chunk_bytes_ < kDigestChunkBytes) continue;
    of_chunks_ += chunk_.hex();
    chunk_ = Digest();
    chunk_bytes_ = 0;
  }
}

void ContentDigest::put_in_front(const ContentDigest& front) {
  assert(form_ == DigestForm::kChunks && front.form_ == form_ && front.chunk_bytes_ == 0);
  of_chunks_.insert(0, front.of_chunks_);
}

std::string ContentDigest::hex() const {
  if (form_ == DigestForm::kWhole) return chunk_.hex();
  return std::string(kOfChunks) + digest_hex(chunk_bytes_ > 0 ? of_chunks_ + chunk_.hex() : of_chunks_);
}

}  // namespace chatload::source
