// Several runs → one order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "spill/run_reader.h"

namespace chatload::spill {

// All rows of the runs in order (is_before()). Single-threaded. Throws as RunReader does.
class RunMerger {
 public:
  // The runs must live on.
  explicit RunMerger(std::span<const Run* const> runs);

  // Memory that a merger of the runs takes.
  [[nodiscard]] static std::size_t bytes(std::span<const Run* const> runs);

  // The row that is next; null behind the last. Valid until advance().
  [[nodiscard]] const Record* record() const;
  void advance();

 private:
  void replay(std::size_t reader);
  [[nodiscard]] bool is_reader_before(std::size_t a, std::size_t b) const;

  std::unique_ptr<char[]> scratch_;
  std::vector<RunReader> readers_;
  // A loser tree: [0] is the reader whose row is next, [n] the reader that lost at inner node n, whose children are
  // 2n and 2n+1; reader r is the leaf readers_.size() + r.
  std::vector<std::size_t> tree_;
};

}  // namespace chatload::spill
