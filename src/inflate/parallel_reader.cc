//   the thread that reads              the others            the thread that reads
//   input ──► cut_ (1 or 2 pieces) ──► workers_ ──────────► current_ ──► out
//                                      pieces, in order
//
// A piece is handed over once another one is cut behind it, or in front; so an input of one piece costs no thread.
// What is read ahead is bounded by the buffers: each piece may take a third of them on either side, so that two
// pieces that are cut, one of them with the buffer that it is inflated into, always find room, and reading ahead
// never waits for itself.
//
// At the first piece that is not proven, or behind the last one that was cut, all compressed bytes that were not
// handed out inflated are put back in front of the input, and the serial reader reads on. It sees what it would have
// seen without this class, from where it begins on.
#include "inflate/parallel_reader.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/errors.h"

namespace chatload::inflate {
namespace {

constexpr std::size_t kShares = 3;
// One for each thread to go on with when it has done one.
constexpr std::size_t kPiecesPerThread = 2;

}  // namespace

ParallelReader::ParallelReader(BufferedInput input, std::unique_ptr<PieceCutter> cutter, ReadAhead ahead)
    : input_(std::move(input)),
      cutter_(std::move(cutter)),
      piece_bytes_max_(ahead.bytes / kShares - PieceBuffers::kStepBytes),
      buffers_(ahead.bytes),
      workers_(ahead.threads, kPiecesPerThread * ahead.threads, [this] { return cutter_->make_decoder(); }),
      current_begin_(input_.offset()),
      compressed_bytes_(current_begin_) {
  assert(ahead.bytes >= kAheadBytesMin);
}

std::size_t ParallelReader::read(std::span<char> out) {
  while (!serial_) {
    if (handed_out_ == current_.bytes.size() && current_.is_proven()) {
      current_begin_ += current_.compressed.size();
      keep_tail();
      give_back(std::exchange(current_, {}));
      handed_out_ = 0;
    }
    work_ahead();
    if (handed_out_ < current_.bytes.size()) return hand_out(out);
    if (current_.is_proven() && workers_.size() > 0) {
      current_ = workers_.pop();
      ++pieces_taken_;
      if (!cutter_->accept(current_)) {
        current_.bytes.truncate(0);
        current_.proven_bytes = 0;
      }
    } else {
      go_on_serially();
    }
  }
  return serial_->read(out);
}

std::uint64_t ParallelReader::compressed_bytes() const {
  const DecodedStream* const serial = counts_on_.load(std::memory_order_acquire);
  return serial != nullptr ? serial->compressed_bytes() : compressed_bytes_.load(std::memory_order_relaxed);
}

void ParallelReader::work_ahead() {
  while (cut() || hand_over()) {
  }
}

// What reading throws comes again when all in front of it is handed out.
bool ParallelReader::cut() {
  if (is_all_cut_ || cut_.size() == 2) return false;
  try {
    return cut_next();
  } catch (const Error&) {
    is_all_cut_ = true;
    is_last_for_others_ = false;
    return false;
  }
}

bool ParallelReader::cut_next() {
  const std::size_t room = cutter_->next_room(input_);
  is_all_cut_ = room == 0 || room > piece_bytes_max_;
  if (is_all_cut_) return false;
  Piece piece;
  piece.number = pieces_cut_;
  piece.compressed = buffers_.lend(room);
  if (piece.compressed.capacity() == 0) return false;
  cut_.push_back(std::move(piece));
  ++pieces_cut_;
  is_last_for_others_ = cutter_->cut(input_, cut_.back()) && cut_.back().inflated_bytes < piece_bytes_max_;
  is_all_cut_ = !is_last_for_others_;
  cut_.back().compressed = buffers_.fitted(std::move(cut_.back().compressed));
  assert(is_all_cut_ || cut_.back().compressed.size() > 0);
  return true;
}

// The older of two pieces that are cut; and the last of several, once there is no other.
bool ParallelReader::hand_over() {
  const bool is_last = cut_.size() == 1 && is_all_cut_ && is_last_for_others_ && pieces_cut_ > 1;
  if ((cut_.size() < 2 && !is_last) || !workers_.has_room()) return false;
  Piece& piece = cut_.front();
  piece.bytes = buffers_.lend(piece.inflated_bytes + 1);
  if (piece.bytes.capacity() == 0) return false;
  workers_.push(std::move(piece));
  cut_.pop_front();
  return true;
}

std::size_t ParallelReader::hand_out(std::span<char> out) {
  const std::string_view bytes = current_.bytes.view().text();
  const std::size_t size = bytes.copy(out.data(), out.size(), handed_out_);
  handed_out_ += size;
  compressed_bytes_.store(current_begin_ + current_.proven_bytes * handed_out_ / bytes.size(),
                          std::memory_order_relaxed);
  return size;
}

void ParallelReader::keep_tail() {
  const std::string_view bytes = current_.bytes.view().text();
  const std::size_t wanted = cutter_->tail_bytes();
  tail_.append(bytes.substr(bytes.size() - std::min(bytes.size(), wanted)));
  tail_.erase(0, tail_.size() - std::min(tail_.size(), wanted));
}

void ParallelReader::give_back(Piece piece) {
  buffers_.give_back(std::move(piece.compressed));
  buffers_.give_back(std::move(piece.bytes));
}

void ParallelReader::go_on_serially() {
  const std::size_t next_piece = pieces_taken_ - (current_.is_proven() ? 0 : 1);
  std::string rest;
  const auto put_back = [&rest](const Piece& piece, std::size_t begin) {
    rest += piece.compressed.view().text().substr(begin);
  };
  put_back(current_, current_.proven_bytes);
  current_ = {};
  while (workers_.size() > 0) put_back(workers_.pop(), 0);
  for (const Piece& piece : cut_) put_back(piece, 0);
  cut_.clear();
  input_.put_back(std::move(rest));
  serial_ = cutter_->go_on(std::move(input_), next_piece, tail_);
  counts_on_.store(serial_.get(), std::memory_order_release);
}

}  // namespace chatload::inflate
