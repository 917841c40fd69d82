// A block of text → one whole gzip member.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace chatload::deflate {

// How members are framed (member_compressor.cc). All are gzip, which every tool reads.
enum class Members {
  kMigz,   // each announces its size, so that a reader inflates them side by side
  kBgzf,   // the same as samtools' family reads and writes it; blocks are small, so files are about 8 % larger
  kPlain,  // no size, no extra field
};

inline constexpr int kLevelMin = 1;
inline constexpr int kLevelMax = 12;

// Single-threaded: every thread has its own. What it makes of a block depends on the block, the level and the framing
// alone.
class MemberCompressor {
 public:
  // level: kLevelMin to kLevelMax.
  MemberCompressor(Members members, int level);
  MemberCompressor(MemberCompressor&&) noexcept;
  MemberCompressor& operator=(MemberCompressor&&) noexcept;
  ~MemberCompressor();

  // Appends the member to `out`. REQUIRES: block.size() <= block_bytes_max(members).
  void append(std::string_view block, std::string& out);

  // Of a member: how much text it may hold.
  [[nodiscard]] static std::size_t block_bytes_max(Members members);
  // What a compressor takes beside the text and what it makes of it: a term of the peak-memory sum, times the threads.
  [[nodiscard]] static std::size_t memory_bytes_max(int level);

 private:
  class Deflater;
  class Libdeflate;
  class Isal;

  Members members_;
  std::unique_ptr<Deflater> deflater_;
};

// What stands behind the last member of a file of that framing: BGZF's end mark, an empty member of 28 bytes, which
// tells a whole file from one that was cut between two members; nothing for the others.
[[nodiscard]] std::string_view end_mark(Members members);

}  // namespace chatload::deflate
