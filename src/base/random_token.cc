#include "base/random_token.h"

#include <fmt/format.h>

#include <random>

namespace chatload {

std::string random_token() {
  std::random_device random;
  std::string token;
  for (int i = 0; i < 4; ++i) token += fmt::format("{:08x}", random());
  return token;
}

}  // namespace chatload
