// A file that a command leaves behind.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/output.h"

namespace chatload {

enum class Placing {
  kAtOnce,     // the file is there from the start, and whole after close()
  kWhenWhole,  // it is written beside its place and renamed by close(), so that a reader never sees half of one; a path
               // that is a device or a pipe is written to as it is
};

// What kWhenWhole replaces: the path's file, or the target of a link, which stays. Empty for what is no regular file.
[[nodiscard]] std::filesystem::path replaced_file(const std::filesystem::path& path);

// Single-threaded. A file that is there is replaced. Every failure (no such folder, full disk) throws EnvironmentError
// that names the file and the cause.
class PlacedFile final : public Output {
 public:
  // failure: the beginning of the message, "The summary cannot be written to".
  PlacedFile(std::string_view failure, const std::filesystem::path& path, Placing placing);
  ~PlacedFile() override;  // without close(): ends the file without a word, or removes what kWhenWhole has written

  [[nodiscard]] int descriptor() const { return descriptor_; }
  void write(std::string_view text) override;
  void close();
  // The two halves of close(), for whoever has several files that are to be in their places together: the file is
  // written and has reached the disk; it is renamed.
  void end() override;
  void place() override;
  [[noreturn]] void fail(std::string_view cause) const;

 private:
  std::string failure_;
  std::filesystem::path path_;
  std::filesystem::path renamed_to_;  // by close(); empty: it is in its place
  std::filesystem::path written_;
  int descriptor_;
};

}  // namespace chatload
