// A load's rejected lines, as its transactions kept them in chatload_rejects.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/units.h"
#include "mysql/session.h"
#include "parse/outcome.h"

namespace chatload::ledger {

// Borrows everything, until the visit ends.
struct StoredReject {
  parse::RejectReason reason;
  std::string_view field;   // empty where the reason concerns the whole line
  std::string_view detail;  // of refused_by_server: "SQLSTATE 23000: …"; else empty
  std::string_view input;   // its source's name, as terminal_text()
  SourceOrdinal source;
  LineNumber line;
  ByteOffset offset;     // of the line's first byte in the decompressed stream
  std::string_view raw;  // without its line end
  bool raw_is_cut = false;
  bool raw_is_lost = false;  // nobody has read it before its source was gone; raw is empty
};

// Which ones.
struct RejectsOf {
  std::uint64_t load = 0;
  std::optional<SourceOrdinal> source = {};  // not given: all of them
  bool has_superseded = true;                // those of sources that another load has, too
};

struct RejectPlace {
  SourceOrdinal source;
  LineNumber line;

  bool operator==(const RejectPlace&) const = default;
};

// Calls visit for each behind that place (0: all) in the order of their sources and lines, as of one instant, holding
// one in memory at a time; stops soon after visit has returned false. Visits may take their time. Throws
// StatementError, and DatabaseError for a reason that a newer chatload gave.
void read_rejects(mysql::Session& session, RejectsOf of, RejectPlace behind,
                  const std::function<bool(const StoredReject&)>& visit);

// Calls visit for the first `count` of a load that were rejected for that reason, each with at most raw_bytes_max of
// its line. Throws StatementError.
void read_first_rejects(mysql::Session& session, std::uint64_t load, parse::RejectReason reason, std::size_t count,
                        std::size_t raw_bytes_max, const std::function<void(const StoredReject&)>& visit);

}  // namespace chatload::ledger
