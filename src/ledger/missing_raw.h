// Refused lines whose text the ledger does not have yet.
//
// A stretch is written without the sources at hand. So a row of it that the server refuses is recorded by its place
// alone. The text is filled in before the load is done, or stays NULL where its source is gone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "mysql/session.h"

namespace chatload::ledger {

struct MissingRaw {
  SourceOrdinal source;
  LineNumber line;
  ByteOffset offset;  // of the line's first byte in the decompressed stream
};

inline constexpr std::size_t kMissingRawAtOnce = 1'000;

// The next ones behind that line of that source, in order, at most kMissingRawAtOnce. Throws StatementError.
[[nodiscard]] std::vector<MissingRaw> find_missing_raw(mysql::Session& session, std::uint64_t load_id,
                                                       SourceOrdinal source, LineNumber behind);

struct FoundRaw {
  SourceOrdinal source;
  LineNumber line;
  std::string_view raw;  // without its line end
};

// In one transaction. Throws StatementError.
void fill_raw(mysql::Session& session, std::uint64_t load_id, std::span<const FoundRaw> found);

}  // namespace chatload::ledger
