#include "write/write_failure.h"

#include <fmt/format.h>

#include "base/quantity.h"
#include "ledger/line_failure.h"

namespace chatload::write {

std::string lines_of(const WriteJob& job) {
  if (job.is_stretch())
    return fmt::format("the {} rows of stretch {}", job.origins.size(), job.parsed.range.number.value());
  return ledger::lines_from(job.first_line, job.parsed.counts.lines);
}

std::string lines_of(const Pack& pack) {
  if (pack.jobs.size() == 1) return lines_of(*pack.jobs.front());
  std::uint64_t lines = 0;
  for (const WriteJob* const job : pack.jobs) lines += job->parsed.counts.lines;
  return fmt::format("the {} lines of {} files", lines, pack.jobs.size());
}

DatabaseError statement_failure(const Pack& pack, const mysql::StatementError& error, const WriteContext& context,
                                bool is_committing) {
  const std::string lines = lines_of(pack);
  const std::string retry_for = format_duration(context.retry.retry_for());
  switch (classify(error)) {
    case mysql::ErrorClass::kDuplicateKey:
      if (context.mode != OnDuplicate::kFail) break;
      if (context.mapping.key.empty()) {
        return DatabaseError(
            fmt::format("The server refused {} because of a key that the table has and the mapping does not name ({}); "
                        "drop it, and run the same command again.",
                        lines, error.message()));
      }
      return DatabaseError(fmt::format(
          "One of {} has an id that is there already, and --on-duplicate is fail ({}); ranges committed before stay: "
          "load again with --restart and --on-duplicate skip or replace.",
          lines, error.message()));
    case mysql::ErrorClass::kConnectionLost:
      return DatabaseError(fmt::format(
          "The connection was lost again and again for {} (--retry-for) while {} were {} ({}); see what closes it, and "
          "run the same command again.",
          retry_for, lines, is_committing ? "committed" : "written", error.message()));
    case mysql::ErrorClass::kReadOnly:
      return DatabaseError(
          fmt::format("The server takes no writes ({}); load into the primary server, or make this one writable.",
                      error.message()));
    case mysql::ErrorClass::kRetry:
      return DatabaseError(fmt::format(
          "Locks block {} ({}). Retried for {} (--retry-for). If another session holds them, find it with SHOW "
          "PROCESSLIST and end it; then run the same command again.",
          lines, error.message(), retry_for));
    case mysql::ErrorClass::kRefused:
    case mysql::ErrorClass::kFatal: break;
  }
  return DatabaseError(
      fmt::format("The server refused {}: {} (error {}, SQLSTATE {}). Fix the cause, and run the same command again.",
                  lines, error.message(), error.code(), error.sqlstate()));
}

}  // namespace chatload::write
