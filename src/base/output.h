// Where a command's bytes go, as a whole or not at all.
#pragma once

#include <string_view>

namespace chatload {

// Single-threaded. Failures throw EnvironmentError, which names the place and the cause. Destroyed before place(), it
// leaves nothing behind, as far as its place allows that.
class Output {
 public:
  Output() = default;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  virtual ~Output() = default;

  virtual void write(std::string_view text) = 0;
  // All has been written, and outlives this process.
  virtual void end() = 0;
  // It is in its place from now on. REQUIRES: end().
  virtual void place() = 0;
};

}  // namespace chatload
