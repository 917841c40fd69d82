// A gzip member's header (RFC 1952 §2.3.1).
#pragma once

#include <cstdint>

#include "inflate/buffered_input.h"
#include "inflate/deflate_decoder.h"

namespace chatload::inflate {

enum class HeaderVerdict {
  kGood,
  kInputEnds,      // or a stop came: BufferedInput::stopped() tells
  kWrongMagic,     // the first two bytes are not 1f 8b
  kUnknownMethod,  // not deflate
  kReservedFlags,  // a flag that RFC 1952 says must be zero: the header's length cannot be known
  kWrongChecksum,  // FHCRC
};

// Consumes one header, its optional fields and their checksum; the cursor is then at the deflate data. Fields of any
// length are read over, none is kept. `decoder` lends its CRC-32. Throws SourceError.
[[nodiscard]] HeaderVerdict read_gzip_header(BufferedInput& input, const DeflateDecoder& decoder);

}  // namespace chatload::inflate
