// The seek table of a zstd file, which stands behind its last frame.
#pragma once

#include <cstddef>
#include <string>

namespace chatload::deflate {

// Takes eight bytes a frame. Single-threaded.
class FrameTable {
 public:
  // REQUIRES: both below 4 GiB.
  void add(std::size_t frame_bytes, std::size_t text_bytes);

  // The whole skippable frame.
  [[nodiscard]] std::string to_frame() const;

 private:
  std::string entries_;
};

}  // namespace chatload::deflate
