// Whether two sources hold the same bytes, as the ledger remembers it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/units.h"

namespace chatload::source {

enum class DigestForm {
  kChunks,  // of the digests of its chunks of kDigestChunkBytes: they can be taken in any order
  kWhole,   // of all bytes in one, as ledgers of before a load could have several sources keep it
};

inline constexpr std::size_t kDigestChunkBytes = 4 * kMiB;

// Of a digest that ContentDigest::hex() made.
[[nodiscard]] DigestForm form_of(std::string_view digest);

// Of bytes that come in pieces, in order; the pieces' lengths do not matter. Single-threaded.
class ContentDigest {
 public:
  explicit ContentDigest(DigestForm form) : form_(form) {}

  void update(std::string_view bytes);

  // What `front` has had comes before all bytes so far. REQUIRES: both are of chunks, and front has whole ones only.
  void put_in_front(const ContentDigest& front);

  // Of all bytes so far: 32 hexadecimal digits (base/digest.h), with "4M:" in front where they are of chunks. More
  // bytes may follow.
  [[nodiscard]] std::string hex() const;

 private:
  DigestForm form_;
  std::string of_chunks_;  // their digests, of those that are whole: 8 bytes a MiB
  Digest chunk_;           // the last one, or all bytes
  std::size_t chunk_bytes_ = 0;
};

}  // namespace chatload::source
