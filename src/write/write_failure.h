// What ends a load while its packs are written: one sentence each.
#pragma once

#include <string>

#include "base/errors.h"
#include "mysql/statement_error.h"
#include "write/write_context.h"
#include "write/write_job.h"

namespace chatload::write {

// The job's, for a message: "the lines 1 to 80", "the 70 rows of stretch 9".
[[nodiscard]] std::string lines_of(const WriteJob& job);

// The pack's: the same, or "the 600 lines of 12 files".
[[nodiscard]] std::string lines_of(const Pack& pack);

// A statement failed after the last retry, or none can help.
[[nodiscard]] DatabaseError statement_failure(const Pack& pack, const mysql::StatementError& error,
                                              const WriteContext& context, bool is_committing);

}  // namespace chatload::write
