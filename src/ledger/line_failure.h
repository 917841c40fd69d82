// What ends a load about some of its lines: one sentence each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/errors.h"
#include "base/units.h"
#include "mysql/session.h"

namespace chatload::ledger {

// Lines, for a message: "the lines 1 to 80".
[[nodiscard]] std::string lines_from(LineNumber first, std::uint64_t count);

// What the ledger had of `lines` is not there any more.
[[nodiscard]] LoadError range_lost(const std::string& lines);

// A statement of that line alone is longer than bytes_max.
[[nodiscard]] DatabaseError line_too_long(LineNumber line, std::size_t bytes_max);

// Throws DatabaseError if the session's last statement, which was about `lines`, left a warning.
void require_no_warning(mysql::Session& session, const mysql::StatementResult& done, const std::string& lines);

}  // namespace chatload::ledger
