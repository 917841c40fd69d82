// An input of a load, on its way from its name to its last byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "ledger/range_ledger.h"
#include "load/first_lines.h"
#include "source/input.h"
#include "source/source_identity.h"

namespace chatload::load {

using Inputs = std::vector<std::size_t>;  // places among the command's

struct LoadSource {
  std::size_t input = 0;  // its place among the command's inputs
  std::string name;
  std::string recorded_name;  // as its load has it from its begin on; of a check, and before there is one, as it is
  source::SourceIdentity identity;
  // Kept open from looking it up until it is read; null of files where there are too many, and where it cannot be
  // opened.
  std::shared_ptr<const source::Input> file;
  SourceOrdinal ordinal;      // in its load
  std::string why_not;        // what keeps it from being read; empty where nothing does
  bool is_in_doubt = false;   // an earlier run may have read other bytes of it
  bool is_new = false;        // its load could not identify it until now
  std::uint64_t attempt = 1;  // of one that is new
  bool is_done = false;       // an earlier run has read it to its end
  LookedAtInput looked_at;    // where it was looked at before its turn
  // What its load has of it, which need not be read again where its seek index can tell what is behind that.
  std::optional<ledger::RecordedFront> recorded;

  // Files that are kept open at once.
  static constexpr std::size_t kHeldMax = 8;

  // As it was looked up. Throws SourceError where it is another one now.
  [[nodiscard]] std::shared_ptr<const source::Input> open() const;
};

// Of a file name in the ledger, where people read it: as long as a path may be. Escaped it still fits the column.
inline constexpr std::size_t kNameBytesMax = 4096;

// Compressed, of all of them; nothing where that of one is not known.
[[nodiscard]] std::optional<std::uint64_t> total_bytes(std::span<LoadSource* const> sources);

// "chat-17.json.gz", or of several "chat-17.json.gz and 499 more".
[[nodiscard]] std::string name_of_all(std::string_view first, std::size_t count);

}  // namespace chatload::load
