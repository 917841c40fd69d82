// Input whose pieces (piece.h) can be inflated side by side.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>

#include "base/ordered_workers.h"
#include "inflate/buffered_input.h"
#include "inflate/decoded_stream.h"
#include "inflate/piece.h"
#include "inflate/piece_buffers.h"

namespace chatload::inflate {

// Gives what a serial reader of the same input gives: every byte, and every error in its words. The thread that reads
// cuts pieces and hands out what others made of them; the others begin when there are two pieces. Only bytes that are
// proven are handed out. Everything from the first piece on that is not proven, and what is behind the last, is for the
// serial reader (PieceCutter::go_on).
class ParallelReader : public DecodedStream {
 public:
  // `input` is where the cutter's first piece begins. REQUIRES: ahead.bytes >= kAheadBytesMin.
  ParallelReader(BufferedInput input, std::unique_ptr<PieceCutter> cutter, ReadAhead ahead);

  [[nodiscard]] std::size_t read(std::span<char> out) override;
  [[nodiscard]] bool stopped() const override { return serial_ && serial_->stopped(); }
  [[nodiscard]] Compression compression() const override { return cutter_->compression(); }
  [[nodiscard]] bool lacks_checksum() const override {
    return cutter_->lacks_checksum() || (serial_ && serial_->lacks_checksum());
  }
  [[nodiscard]] bool reads_ahead() const override { return true; }
  // Within a piece in proportion to its bytes.
  [[nodiscard]] std::uint64_t compressed_bytes() const override;

 private:
  void work_ahead();
  [[nodiscard]] bool cut();
  [[nodiscard]] bool cut_next();
  [[nodiscard]] bool hand_over();
  [[nodiscard]] std::size_t hand_out(std::span<char> out);
  void keep_tail();
  void give_back(Piece piece);
  void go_on_serially();

  BufferedInput input_;
  const std::unique_ptr<PieceCutter> cutter_;
  const std::size_t piece_bytes_max_;
  PieceBuffers buffers_;
  std::deque<Piece> cut_;  // and not yet handed over: two at most
  std::size_t pieces_cut_ = 0;
  bool is_all_cut_ = false;
  bool is_last_for_others_ = false;  // of those that are cut, the last is whole and not too large
  OrderedWorkers<Piece> workers_;
  Piece current_;                 // is handed out
  std::size_t pieces_taken_ = 0;  // this one, and those in front of it
  std::string tail_;              // of what was in front of it
  std::size_t handed_out_ = 0;    // of its bytes
  std::uint64_t current_begin_;   // its compressed offset
  std::unique_ptr<DecodedStream> serial_;
  std::atomic<std::uint64_t> compressed_bytes_;  // until serial_ counts them
  std::atomic<const DecodedStream*> counts_on_{nullptr};
};

}  // namespace chatload::inflate
