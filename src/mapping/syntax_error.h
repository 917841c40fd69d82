// What is wrong with a text that stands in a mapping.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

namespace chatload::mapping {

// A sentence's half, and how many bytes of the text are in front of what it is about.
class SyntaxError : public std::runtime_error {
 public:
  SyntaxError(const std::string& what, std::size_t at_bytes) : std::runtime_error(what), at_bytes_(at_bytes) {}
  [[nodiscard]] std::size_t at_bytes() const { return at_bytes_; }

 private:
  std::size_t at_bytes_;
};

}  // namespace chatload::mapping
