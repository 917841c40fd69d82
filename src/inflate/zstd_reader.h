// Zstd (RFC 8878): frames back to back → their text.
#pragma once

#include <zstd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "inflate/buffered_input.h"
#include "inflate/decoded_stream.h"
#include "inflate/window_room.h"
#include "inflate/zstd_frame.h"

namespace chatload::inflate {

// Reads every frame, empty ones included; skippable frames are skipped. Any other byte that follows a frame is an
// error. Text is handed out block by block, before the frame's checksum is known. After a throw only the destructor may
// follow.
class ZstdReader : public DecodedStream {
 public:
  // The input may be read already, up to the end of a frame.
  ZstdReader(BufferedInput input, WindowRoom room);

  [[nodiscard]] std::size_t read(std::span<char> out) override;
  [[nodiscard]] bool stopped() const override { return input_.stopped(); }
  [[nodiscard]] Compression compression() const override { return Compression::kZstd; }
  [[nodiscard]] bool lacks_checksum() const override { return lacks_checksum_; }
  [[nodiscard]] std::uint64_t compressed_bytes() const override {
    return compressed_bytes_.load(std::memory_order_relaxed);
  }

 private:
  enum class Expect { kFrame, kSkipped, kBlock, kText, kChecksum, kNothing };

  struct FreeContext {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };

  void make_context();

  // Each leaves expect_ at what comes next; at kNothing where the input ended well or a stop came.
  void begin_frame();
  void skip();
  void begin_block();
  [[nodiscard]] std::size_t read_text(std::span<char> out);
  void read_checksum();

  // Gives the decoder up to given_left_ bytes of the input.
  [[nodiscard]] std::size_t decode(std::span<char> out);
  // False at the end, or after a stop.
  [[nodiscard]] bool require_input();
  void end_of_input();
  [[noreturn]] void throw_damaged(const std::string& what) const;

  BufferedInput input_;
  const WindowRoom room_;
  std::unique_ptr<ZSTD_DCtx, FreeContext> context_;  // null before the first frame
  ZstdFrame frame_;                                  // that was begun last
  Expect expect_ = Expect::kFrame;
  std::uint64_t frame_begin_ = 0;
  bool is_last_block_ = false;
  std::uint64_t part_begin_ = 0;  // compressed offset of the header, block or checksum that is decoded
  std::uint64_t given_left_ = 0;  // of that, or of a skippable frame, what is still to be read
  bool lacks_checksum_ = false;   // some frame
  std::atomic<std::uint64_t> compressed_bytes_;
};

}  // namespace chatload::inflate
