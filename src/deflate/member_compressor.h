// A block of text → one whole gzip member.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "deflate/block_compressor.h"

namespace chatload::deflate {

class MemberCompressor final : public BlockCompressor {
 public:
  // framing: one of gzip's.
  MemberCompressor(Framing framing, int level);
  ~MemberCompressor() override;

  void append(std::string_view block, std::string& out) override;

  [[nodiscard]] static std::size_t block_bytes_max(Framing framing);
  [[nodiscard]] static std::size_t memory_bytes_max(int level);

 private:
  class Deflater;
  class Libdeflate;
  class Isal;

  Framing framing_;
  std::unique_ptr<Deflater> deflater_;
};

// What stands behind the last member of a file of that framing: BGZF's end mark, an empty member of 28 bytes, which
// tells a whole file from one that was cut between two members; nothing for the others.
[[nodiscard]] std::string_view end_mark(Framing framing);

}  // namespace chatload::deflate
