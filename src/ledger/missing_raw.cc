// A refused line is never empty, since no valid one is: raw = '' marks those that miss.
#include "ledger/missing_raw.h"

#include <fmt/format.h>

#include <string>

#include "mysql/sql_text.h"
#include "mysql/transaction.h"
#include "parse/outcome.h"

namespace chatload::ledger {

std::vector<MissingRaw> find_missing_raw(mysql::Session& session, std::uint64_t load_id, LineNumber behind) {
  std::vector<MissingRaw> missing;
  for (const mysql::Row& row : session.query(
           fmt::format("SELECT `line`, `byte_offset` FROM `chatload_rejects` WHERE `load_id` = {} AND `reason` = '{}'"
                       " AND `line` > {} AND `raw` = '' ORDER BY `line` LIMIT {}",
                       load_id, to_string(parse::RejectReason::kRefusedByServer), behind.value(), kMissingRawAtOnce))) {
    missing.push_back({LineNumber(mysql::to_number(row[0])), ByteOffset(mysql::to_number(row[1]))});
  }
  return missing;
}

void fill_raw(mysql::Session& session, std::uint64_t load_id, std::span<const FoundRaw> found) {
  mysql::Transaction transaction(session);
  for (const FoundRaw& line : found) {
    session.execute(fmt::format("UPDATE `chatload_rejects` SET `raw` = {} WHERE `load_id` = {} AND `line` = {}",
                                mysql::quote_text(line.raw), load_id, line.line.value()));
  }
  transaction.commit();
}

}  // namespace chatload::ledger
