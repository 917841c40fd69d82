// What may stand in front of a line and is no part of it: NULs and byte order marks.
//
// copytruncate leaves as many NULs as the log was long, gigabytes of them; each part of a concatenated log may begin
// with a byte order mark.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/byte_order_mark.h"

namespace chatload {

// How many bytes of NULs and byte order marks, in any order, the text begins with.
[[nodiscard]] inline std::size_t line_lead_bytes(std::string_view text) {
  std::size_t bytes = 0;
  for (;;) {
    while (bytes < text.size() && text[bytes] == '\0') ++bytes;
    if (!text.substr(bytes).starts_with(kByteOrderMark)) return bytes;
    bytes += kByteOrderMark.size();
  }
}

}  // namespace chatload
