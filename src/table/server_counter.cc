// At its end a server hands the last value out again and again. A row that gets it meets the row that has it, and would
// be counted as its duplicate. So nothing is sent where the values might not suffice, and what has reached the end is
// not committed. Values that a server skips (auto_increment_increment, as in a cluster) are gone, too.
#include "table/server_counter.h"

#include <fmt/format.h>

#include "base/errors.h"
#include "mysql/sql_text.h"

namespace chatload::table {

void require_values_left(mysql::Session& session, const std::string& table, const ServerCounter& counter,
                         std::size_t rows) {
  const std::string column = mysql::quote_identifier(counter.column);
  const mysql::Row row =
      session
          .query(fmt::format(
              "SELECT COALESCE(MAX({}), 0) + CAST({} AS DECIMAL(30)) * @@auto_increment_increment > {} FROM {}", column,
              rows + 1, counter.max, mysql::quote_identifier(table)))
          .at(0);
  if (row.at(0) != "1") return;
  throw DatabaseError(fmt::format(
      "The server counts {} of {} up, which is {} and ends at {}, and that is too few for the rows to come; "
      "give it a larger type with ALTER TABLE, and run the same command again.",
      column, mysql::quote_identifier(table), counter.type, counter.max));
}

}  // namespace chatload::table
