// A file that stays the same one while it is loaded, whatever becomes of its name.
#pragma once

#include <memory>
#include <string>

#include "source/byte_source.h"

namespace chatload::source {

// Keeps a regular file open, so that it can be looked at and read again after it was renamed, replaced or deleted. Of
// anything else, of what cannot be opened, and where there is no /proc, it is but the name.
class HeldFile {
 public:
  explicit HeldFile(std::string input);
  HeldFile(const HeldFile&) = delete;
  HeldFile& operator=(const HeldFile&) = delete;
  ~HeldFile();

  // As the user wrote it.
  [[nodiscard]] const std::string& name() const { return name_; }
  // What leads to it while this lives: for file_stamp(), digest_file() and identify_source().
  [[nodiscard]] const std::string& path() const { return path_; }

  // open_input() of it, from its beginning; messages have the name.
  [[nodiscard]] std::unique_ptr<ByteSource> open(int stop_fd) const;

 private:
  std::string name_;
  int fd_ = -1;
  std::string path_;
};

}  // namespace chatload::source
