// A name that nobody else has.
#pragma once

#include <string>

namespace chatload {

// 32 hexadecimal digits.
[[nodiscard]] std::string random_token();

}  // namespace chatload
