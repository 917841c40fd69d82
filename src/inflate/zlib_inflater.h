// Deflate by zlib.
#pragma once

#include <memory>

#include "inflate/deflate_decoder.h"

struct z_stream_s;

namespace chatload::inflate {

class ZlibInflater : public DeflateDecoder {
 public:
  ZlibInflater();
  ~ZlibInflater() override;

  void reset() override;
  DecodeStep decode(std::span<const char> in, std::span<char> out) override;
  [[nodiscard]] std::uint32_t crc32(std::uint32_t crc, std::span<const char> bytes) const override;

 private:
  std::unique_ptr<z_stream_s> stream_;
};

}  // namespace chatload::inflate
