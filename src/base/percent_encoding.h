// Percent-encoding of bytes (RFC 3986 §2.1).
#pragma once

#include <string>
#include <string_view>

namespace chatload {

enum class Slash { kEncoded, kKept };
enum class Plus { kItself, kSpace };

// Every byte but A-Z a-z 0-9 - _ . ~ as %XX, in upper case, which is what signatures are made over.
[[nodiscard]] std::string percent_encode(std::string_view bytes, Slash slash = Slash::kEncoded);

// A '%' without two hexadecimal digits after it stays as it is.
[[nodiscard]] std::string percent_decode(std::string_view text, Plus plus = Plus::kItself);

}  // namespace chatload
