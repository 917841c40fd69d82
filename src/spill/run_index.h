// Where in a run a key is looked for: the first keys of some of its blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chatload::spill {

// Says of some blocks which key they begin with. Never of the first one, which begins where the run does: so an index
// can be thinned down to nothing and still be right. Single-threaded; read by any number of threads.
class RunIndex {
 public:
  // A block as the index knows it. The key borrows from the index.
  struct Entry {
    std::string_view key;           // of the block's first row
    std::uint64_t offset = 0;       // of the block
    std::uint64_t rows_before = 0;  // rows of the run in front of it
  };

  // Blocks in the run's order. What add() allocates, copies while growing included, stays within bytes_max: before it
  // would not, the index is thinned, and takes only every second block from then on.
  void add(const Entry& block, std::size_t bytes_max);

  // Drops every second entry, or the last one.
  void thin();
  // Gives back what was allocated for more entries.
  void shrink();

  [[nodiscard]] std::size_t size() const { return places_.size(); }
  [[nodiscard]] Entry operator[](std::size_t index) const;
  // Bytes allocated.
  [[nodiscard]] std::size_t bytes() const { return keys_.capacity() + places_.capacity() * sizeof(Place); }

  // How many entries have a key less than `key`: a row with that key cannot stand before the last of these.
  [[nodiscard]] std::size_t count_before(std::string_view key) const;

 private:
  struct Place {
    std::uint64_t offset;
    std::uint64_t rows_before;
    std::size_t key_begin;  // in keys_; the next one's is its end
  };

  std::vector<char> keys_;
  std::vector<Place> places_;
  std::uint64_t blocks_ = 0;  // seen
  std::uint64_t stride_ = 1;  // one entry every so many blocks; a power of two
};

}  // namespace chatload::spill
