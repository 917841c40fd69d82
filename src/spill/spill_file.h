// A file without a name: nothing of it is left when the process ends, however it ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace chatload::spill {

// Appended to by one thread; read by any number of them once they were told (by a join or a lock) what stands there.
// Everything but will_read() and release() throws EnvironmentError, which names the directory and says what to do.
class SpillFile {
 public:
  explicit SpillFile(const std::filesystem::path& dir);
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;
  ~SpillFile();

  void append(std::string_view bytes);
  [[nodiscard]] std::uint64_t size() const { return size_; }

  // Fills `bytes` from `begin` on.
  void read(std::uint64_t begin, std::span<char> bytes) const;
  // Asks the system to fetch what will be read soon.
  void will_read(std::uint64_t begin, std::uint64_t size_bytes) const noexcept;
  // Gives the space of bytes that nobody reads any more back to the file system, if that can do it.
  void release(std::uint64_t begin, std::uint64_t size_bytes) noexcept;

  // What stands at `offset` is not what was written there.
  [[noreturn]] void fail_damaged(std::uint64_t offset) const;

 private:
  std::filesystem::path dir_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

// What an ordinary user may still write to the file system of `dir`. Throws EnvironmentError.
[[nodiscard]] std::uint64_t free_bytes(const std::filesystem::path& dir);

}  // namespace chatload::spill
