#include "spill/run_merger.h"

#include <limits>
#include <utility>

namespace chatload::spill {
namespace {

// Stands in a node that nobody has passed yet and is before everybody.
constexpr std::size_t kNobody = std::numeric_limits<std::size_t>::max();

}  // namespace

RunMerger::RunMerger(std::span<const Run* const> runs)
    : scratch_(std::make_unique_for_overwrite<char[]>(RunReader::scratch_bytes())) {
  readers_.reserve(runs.size());
  for (const Run* run : runs) readers_.emplace_back(*run, std::span(scratch_.get(), RunReader::scratch_bytes()));
  tree_.assign(runs.size(), kNobody);
  for (std::size_t reader = 0; reader < runs.size(); ++reader) replay(reader);
}

std::size_t RunMerger::bytes(std::span<const Run* const> runs) {
  std::size_t bytes = sizeof(RunMerger) + RunReader::scratch_bytes();
  for (const Run* run : runs) bytes += RunReader::bytes(*run) + sizeof(std::size_t);
  return bytes;
}

const Record* RunMerger::record() const {
  if (tree_.empty() || readers_[tree_[0]].at_end()) return nullptr;
  return &readers_[tree_[0]].record();
}

void RunMerger::advance() {
  readers_[tree_[0]].advance({scratch_.get(), RunReader::scratch_bytes()});
  replay(tree_[0]);
}

void RunMerger::replay(std::size_t reader) {
  for (std::size_t node = (readers_.size() + reader) / 2; node > 0; node /= 2) {
    if (is_reader_before(tree_[node], reader)) std::swap(tree_[node], reader);
  }
  tree_[0] = reader;
}

bool RunMerger::is_reader_before(std::size_t a, std::size_t b) const {
  if (a == kNobody || b == kNobody) return a == kNobody;
  const RunReader& left = readers_[a];
  const RunReader& right = readers_[b];
  if (left.at_end() || right.at_end()) return !left.at_end();
  if (left.prefix() != right.prefix()) return left.prefix() < right.prefix();
  return is_before(left.record(), right.record());
}

}  // namespace chatload::spill
