// A refused line is never empty, since no valid one is: raw = '' marks those that miss.
#include "write/missing_raw.h"

#include <fmt/format.h>

#include <string>

#include "parse/outcome.h"
#include "write/sql_text.h"
#include "write/transaction.h"

namespace chatload::write {

std::vector<MissingRaw> find_missing_raw(Session& session, std::uint64_t load_id, LineNumber behind) {
  std::vector<MissingRaw> missing;
  for (const Row& row : session.query(
           fmt::format("SELECT `line`, `byte_offset` FROM `chatload_rejects` WHERE `load_id` = {} AND `reason` = '{}'"
                       " AND `line` > {} AND `raw` = '' ORDER BY `line` LIMIT {}",
                       load_id, to_string(parse::RejectReason::kRefusedByServer), behind.value(), kMissingRawAtOnce))) {
    missing.push_back({LineNumber(to_number(row[0])), ByteOffset(to_number(row[1]))});
  }
  return missing;
}

void fill_raw(Session& session, std::uint64_t load_id, std::span<const FoundRaw> found) {
  Transaction transaction(session);
  for (const FoundRaw& line : found) {
    session.execute(fmt::format("UPDATE `chatload_rejects` SET `raw` = {} WHERE `load_id` = {} AND `line` = {}",
                                quote_text(line.raw), load_id, line.line.value()));
  }
  transaction.commit();
}

}  // namespace chatload::write
