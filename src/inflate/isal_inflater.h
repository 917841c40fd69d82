// Deflate by ISA-L's igzip.
#pragma once

#include <memory>

#include "inflate/deflate_decoder.h"

struct inflate_state;

namespace chatload::inflate {

class IsalInflater : public DeflateDecoder {
 public:
  IsalInflater();
  ~IsalInflater() override;

  void reset() override;
  DecodeStep decode(std::span<const char> in, std::span<char> out) override;
  [[nodiscard]] std::uint32_t crc32(std::uint32_t crc, std::span<const char> bytes) const override;

 private:
  std::unique_ptr<inflate_state> state_;
};

}  // namespace chatload::inflate
