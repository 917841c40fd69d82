// A member is header (gzip_header.h) | deflate data | trailer: CRC-32 and size modulo 2^32 of the member's bytes, both
// little-endian. Members follow one another without a mark or a count, so what follows a trailer is the end of the
// input, or the next header, or zeros up to the end of the input, or damage. gzip -t, Python and libarchive take such
// zeros too. They differ on a member that follows zeros: Python reads it, gzip 1.12 drops it with a warning. Here it is
// an error.
//
// One call makes one step of the decoder at most after which it has bytes to hand out; a fault found with them is
// thrown by the next call, so that the bytes in front of it are not lost.

#include "inflate/gzip_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "base/errors.h"
#include "inflate/gzip_header.h"

namespace chatload::inflate {

GzipReader::GzipReader(BufferedInput input, std::unique_ptr<DeflateDecoder> decoder)
    : input_(std::move(input)),
      decoder_(std::move(decoder)),
      expect_(input_.offset() == 0 ? Expect::kFirstHeader : Expect::kHeader),
      compressed_bytes_(input_.offset()) {}

GzipReader::GzipReader(BufferedInput input, std::unique_ptr<BlockDecoder> decoder, BlockObserver& observer)
    : GzipReader(std::move(input), std::move(decoder)) {
  block_decoder_ = static_cast<const BlockDecoder*>(decoder_.get());
  observer_ = &observer;
}

GzipReader::GzipReader(BufferedInput input, std::unique_ptr<DeflateDecoder> decoder,
                       const std::optional<MemberPlace>& place, const BlockBegin& block)
    : GzipReader(std::move(input), std::move(decoder)) {
  decoder_->reset(block);
  member_ = place.value_or(MemberPlace{});
  is_in_member_ = true;
  is_checked_ = place.has_value();
  expect_ = Expect::kDeflate;
}

std::size_t GzipReader::read(std::span<char> out) {
  std::size_t size = 0;
  while (size == 0 && expect_ != Expect::kNothing) {
    switch (expect_) {
      case Expect::kFirstHeader:
      case Expect::kHeader: read_header(); break;
      case Expect::kDeflate: size = read_deflate(out); break;
      case Expect::kFault:
        throw_damaged(fmt::format("its compressed data is invalid near compressed byte {}", input_.offset()));
      case Expect::kTrailer: read_trailer(); break;
      case Expect::kPadding: read_padding(); break;
      case Expect::kNothing: break;
    }
  }
  compressed_bytes_.store(input_.offset(), std::memory_order_relaxed);
  return size;
}

void GzipReader::read_header() {
  const bool first = expect_ == Expect::kFirstHeader;
  member_.begin = input_.offset();
  if (const std::span<const char> next = input_.peek(1); !first && !next.empty() && next.front() == '\0') {
    expect_ = Expect::kPadding;
    return;
  }
  switch (read_gzip_header(input_, *decoder_)) {
    case HeaderVerdict::kGood:
      decoder_->reset();
      member_.crc = 0;
      member_.size = 0;
      is_in_member_ = true;
      if (observer_ != nullptr) observer_->on_block(input_.offset(), 0, nullptr, member_);
      expect_ = Expect::kDeflate;
      return;
    case HeaderVerdict::kInputEnds:
      if (!first && input_.offset() == member_.begin) {
        expect_ = Expect::kNothing;
        return;
      }
      end_of_input("header");
      return;
    case HeaderVerdict::kWrongMagic:
      if (first) throw_damaged("it does not begin with the bytes 1f 8b");
      throw CorruptInputError(
          fmt::format("{} holds bytes that are not gzip after its last member, at compressed byte {}: {}",
                      input_.name(), member_.begin, kDamageAdvice));
    case HeaderVerdict::kUnknownMethod: throw_damaged("its header names a compression method that is not deflate");
    case HeaderVerdict::kReservedFlags: throw_damaged("its header sets reserved flags");
    case HeaderVerdict::kWrongChecksum: throw_damaged("its header fails the header's own checksum");
  }
}

std::size_t GzipReader::read_deflate(std::span<char> out) {
  for (;;) {
    const DecodeStep step = decoder_->decode(input_.available(), out);
    input_.consume(step.consumed);
    member_.crc = decoder_->crc32(member_.crc, out.first(step.produced));
    member_.size += static_cast<std::uint32_t>(step.produced);
    if (observer_ != nullptr) observer_->on_bytes(out.first(step.produced));
    if (step.status == DecodeStatus::kBlock) {
      observer_->on_block(input_.offset(), step.bits, block_decoder_, member_);
      if (step.produced == 0) continue;
    } else if (step.status != DecodeStatus::kMore) {
      input_.unread(step.unread);
      expect_ = step.status == DecodeStatus::kEnd ? Expect::kTrailer : Expect::kFault;
      return step.produced;
    }
    if (step.produced > 0) return step.produced;
    if (!input_.fill()) {
      end_of_input("compressed data");
      return 0;
    }
  }
}

void GzipReader::read_trailer() {
  std::array<std::uint32_t, 2> words{};
  for (std::uint32_t& word : words) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
      const std::optional<std::uint8_t> byte = input_.next();
      if (!byte) {
        end_of_input("trailer");
        return;
      }
      word |= std::uint32_t{*byte} << shift;
    }
  }
  const auto [crc, size] = words;
  if (!std::exchange(is_checked_, true)) {
    unchecked_end_ = {.part = member_, .crc = crc, .size = size};
  } else if (crc != member_.crc) {
    throw_damaged(fmt::format("the CRC-32 of its data is {:08x}, its trailer says {:08x}", member_.crc, crc));
  } else if (size != member_.size) {
    throw_damaged(fmt::format("its data is {} bytes long (modulo 2^32), its trailer says {}", member_.size, size));
  }
  is_in_member_ = false;
  expect_ = Expect::kHeader;
}

void GzipReader::read_padding() {
  do {
    const std::span<const char> bytes = input_.available();
    const auto other = std::find_if(bytes.begin(), bytes.end(), [](char byte) { return byte != '\0'; });
    input_.consume(static_cast<std::size_t>(other - bytes.begin()));
    compressed_bytes_.store(input_.offset(), std::memory_order_relaxed);
    if (other != bytes.end()) {
      throw CorruptInputError(
          fmt::format("{} has zeros after a gzip member, at compressed byte {}, and then other bytes, at compressed "
                      "byte {}: {}",
                      input_.name(), member_.begin, input_.offset(), kDamageAdvice));
    }
  } while (input_.fill());
  expect_ = Expect::kNothing;
}

void GzipReader::end_of_input(const char* inside) {
  if (!input_.stopped()) {
    throw CorruptInputError(
        fmt::format("{} is truncated: it ends at compressed byte {}, inside the {} of the gzip member that begins at "
                    "compressed byte {}: {}",
                    input_.name(), input_.offset(), inside, member_.begin, kDamageAdvice));
  }
  expect_ = Expect::kNothing;
}

void GzipReader::throw_damaged(const std::string& what) const {
  throw CorruptInputError(fmt::format("{} is damaged in the gzip member that begins at compressed byte {}: {}: {}",
                                      input_.name(), member_.begin, what, kDamageAdvice));
}

}  // namespace chatload::inflate
