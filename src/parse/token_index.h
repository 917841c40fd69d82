// Where the JSON tokens of some whole lines begin: simdjson's first stage, and the only file that knows simdjson.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/padded_buffer.h"

namespace chatload::parse {

// Single-threaded; keeps its memory for the next block.
class TokenIndex {
 public:
  TokenIndex();
  TokenIndex(TokenIndex&&) noexcept;
  TokenIndex& operator=(TokenIndex&&) noexcept;
  ~TokenIndex();

  // Indexes one or more lines. False if they hold no token, are not UTF-8, or have a string that is not closed or holds
  // a control character; as '\n' is one, a success says so of each line by itself, and no line has touched another's
  // tokens. On some processors false for any two lines, so whoever asks for several tries each alone after that.
  [[nodiscard]] bool index(PaddedView lines);

  // The offsets in `lines` of every '{', '}', '[', ']', ':' and ',' outside of strings, of every string's opening quote
  // and of the first byte of any other run of text; ascending, and behind the last one lines.size(). They stand until
  // the next index().
  [[nodiscard]] const std::uint32_t* tokens() const;

  // What indexing blocks of up to block_bytes takes: an offset a byte, and a little that simdjson always holds.
  [[nodiscard]] static std::size_t memory_bytes(std::size_t block_bytes) {
    return sizeof(std::uint32_t) * block_bytes + kKeptBytes;
  }

 private:
  static constexpr std::size_t kKeptBytes = 4 * 1024;

  struct Stage;
  std::unique_ptr<Stage> stage_;
};

[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace chatload::parse
