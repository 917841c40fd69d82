// XXH3, with 128 bits unless said otherwise: tells whether bytes are those that were seen before.
//
// For files and ranges that changed by accident or by ordinary work, at the speed of memory. Not for adversaries:
// whoever chooses the bytes can make two texts with one digest, so no digest is ever what keeps data safe from people.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct XXH3_state_s;

namespace chatload {

// The digest of a text that comes in pieces; the pieces' lengths do not matter. Single-threaded. One that was moved
// from may only be assigned to or destroyed.
class Digest {
 public:
  Digest();

  void update(std::string_view bytes);

  // Of all bytes so far: 32 lower-case hexadecimal digits, the canonical (big-endian) form that `xxhsum -H2` prints.
  // More bytes may follow.
  [[nodiscard]] std::string hex() const;

 private:
  struct Free {
    void operator()(XXH3_state_s* state) const;
  };
  std::unique_ptr<XXH3_state_s, Free> state_;
};

// Of one whole text, as Digest::hex().
[[nodiscard]] std::string digest_hex(std::string_view bytes);

// Of one whole text, XXH3 with 64 bits: the checksum of a block. Another seed, another checksum.
[[nodiscard]] std::uint64_t checksum(std::string_view bytes, std::uint64_t seed);

}  // namespace chatload
