#include "source/content_digest.h"

#include <algorithm>

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
    of_chunks_.update(chunk_.hex());
    chunk_ = Digest();
    chunk_bytes_ = 0;
  }
}

std::string ContentDigest::hex() const {
  if (form_ == DigestForm::kWhole) return chunk_.hex();
  Digest all = of_chunks_.copy();
  if (chunk_bytes_ > 0) all.update(chunk_.hex());
  return std::string(kOfChunks) + all.hex();
}

}  // namespace chatload::source
