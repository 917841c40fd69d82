#include "ledger/missing_raw.h"

#include <fmt/format.h>

#include <string>

#include "mysql/sql_text.h"
#include "mysql/transaction.h"
#include "parse/outcome.h"

namespace chatload::ledger {

std::vector<MissingRaw> find_missing_raw(mysql::Session& session, std::uint64_t load_id, SourceOrdinal source,
                                         LineNumber behind) {
  std::vector<MissingRaw> missing;
  for (const mysql::Row& row : session.query(fmt::format(
           "SELECT `source`, `line`, `byte_offset` FROM `chatload_rejects` WHERE `load_id` = {0}"
           " AND `reason` = '{1}' AND `raw` IS NULL AND `source` >= {2} AND (`source` > {2} OR `line` > {3})"
           " ORDER BY `source`, `line` LIMIT {4}",
           load_id, to_string(parse::RejectReason::kRefusedByServer), source.value(), behind.value(),
           kMissingRawAtOnce))) {
    missing.push_back({SourceOrdinal(mysql::to_number(row[0])), LineNumber(mysql::to_number(row[1])),
                       ByteOffset(mysql::to_number(row[2]))});
  }
  return missing;
}

void fill_raw(mysql::Session& session, std::uint64_t load_id, std::span<const FoundRaw> found) {
  mysql::Transaction transaction(session);
  for (const FoundRaw& line : found) {
    session.execute(
        fmt::format("UPDATE `chatload_rejects` SET `raw` = {} WHERE `load_id` = {} AND `source` = {}"
                    " AND `line` = {}",
                    mysql::quote_text(line.raw), load_id, line.source.value(), line.line.value()));
  }
  transaction.commit();
}

}  // namespace chatload::ledger
