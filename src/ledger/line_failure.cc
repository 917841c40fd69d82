#include "ledger/line_failure.h"

#include <fmt/format.h>

#include <algorithm>

namespace chatload::ledger {

std::string lines_from(LineNumber first, std::uint64_t count) {
  return fmt::format("the lines {} to {}", first.value(), first.value() + std::max<std::uint64_t>(count, 1) - 1);
}

LoadError range_lost(const std::string& lines) {
  return LoadError(fmt::format(
      "The server has lost what it had committed of {}. A failover to a replica that lags does that. Run the "
      "same command again to load them once more.",
      lines));
}

DatabaseError line_too_long(LineNumber line, std::size_t bytes_max) {
  return DatabaseError(
      fmt::format("Line {} makes a statement of more than the {} bytes that the server's max_allowed_packet allows; "
                  "raise it on the server, or load with --restart and a lower --max-line.",
                  line.value(), bytes_max));
}

void require_no_warning(mysql::Session& session, const mysql::StatementResult& done, const std::string& lines) {
  if (done.warnings == 0) return;
  throw DatabaseError(
      fmt::format("The server warned about one of {} ({}), and chatload loads nothing that is not exact; none of them "
                  "is in the table: fix the line or the table.",
                  lines, fmt::join(session.warnings(), "; ")));
}

}  // namespace chatload::ledger
