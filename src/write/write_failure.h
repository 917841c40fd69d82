// What ends a load while its ranges are written: one sentence each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/errors.h"
#include "base/units.h"
#include "write/session.h"
#include "write/statement_error.h"
#include "write/write_context.h"
#include "write/write_job.h"

namespace chatload::write {

// A range's lines, for a message: "the lines 1 to 80".
[[nodiscard]] std::string lines_of(LineNumber first, std::uint64_t count);

// The job's, for a message: "the lines 1 to 80", "the 70 rows of stretch 9".
[[nodiscard]] std::string lines_of(const WriteJob& job);

// A statement failed after the last retry, or none can help.
[[nodiscard]] DatabaseError statement_failure(const WriteJob& job, const StatementError& error,
                                              const WriteContext& context, bool is_committing);

// What the ledger had of `lines` is not there any more.
[[nodiscard]] LoadError range_lost(const std::string& lines);

// A statement of that line alone is longer than bytes_max.
[[nodiscard]] DatabaseError line_too_long(LineNumber line, std::size_t bytes_max);

// Throws DatabaseError if the session's last statement, which was about `lines`, left a warning.
void require_no_warning(Session& session, const StatementResult& done, const std::string& lines);

}  // namespace chatload::write
