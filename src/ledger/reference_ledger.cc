// Data is kept first, and the load begins then: a run that is killed in between leaves data without a load, and never a
// load without its data. Nothing locks the one against the other. That data is removed only a day after its last use
// gives a run that time to begin its load; in a cluster, too, where no lock reaches another node.
//
// A part stays below the smallest max_allowed_packet that a server starts with (1 MiB, of old ones), also if each of
// its bytes is escaped. The server compresses it.
#include "ledger/reference_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/units.h"
#include "mysql/sql_text.h"

namespace chatload::ledger {
namespace {

constexpr std::size_t kPartBytes = 256 * kKiB;
// Parts that one transaction changes; a cluster bounds its size.
constexpr std::size_t kPartsInATransaction = 16;

std::uint64_t parts_of(const mapping::ReferenceTable& table) {
  return std::max<std::uint64_t>(1, (table.text_bytes() + kPartBytes - 1) / kPartBytes);
}

std::string where_digest(const std::string& digest) { return " WHERE `digest` = " + mysql::quote_text(digest); }

// REQUIRES: a part that was changed is no longer one of those that the statement is for.
void change_all(mysql::Session& session, const std::string& change) {
  const std::string some = fmt::format("{} ORDER BY `part` LIMIT {}", change, kPartsInATransaction);
  while (session.update(some).affected_rows > 0) {
  }
}

// Counts as a use. Not each is noted, as a row-based binary log has all parts for each.
bool is_kept(mysql::Session& session, const mapping::ReferenceTable& table) {
  const std::string where = where_digest(table.digest());
  change_all(session, "UPDATE `chatload_references` SET `used_at` = UTC_TIMESTAMP(6)" + where +
                          " AND `used_at` < UTC_TIMESTAMP(6) - INTERVAL 1 HOUR");
  const mysql::Row found =
      session.query("SELECT COUNT(*), SUM(UNCOMPRESSED_LENGTH(`text`)) FROM `chatload_references`" + where).at(0);
  return mysql::to_number(found[0]) == parts_of(table) && mysql::to_number(found[1]) == table.text_bytes();
}

}  // namespace

void keep_reference(mysql::Session& session, const mapping::ReferenceTable& table) {
  if (is_kept(session, table)) return;
  forget_unused_references(session);
  std::string part;
  std::uint64_t number = 0;
  const auto send = [&] {
    session.execute(
        fmt::format("REPLACE INTO `chatload_references` (`digest`, `part`, `text`, `used_at`) VALUES ({}, {},"
                    " COMPRESS(_binary{}), UTC_TIMESTAMP(6))",
                    mysql::quote_text(table.digest()), number++, mysql::quote_text(part)));
    part.clear();
  };
  table.write_text([&](std::string_view text) {
    while (part.size() + text.size() > kPartBytes) {
      const std::size_t room = kPartBytes - part.size();
      part += text.substr(0, room);
      text.remove_prefix(room);
      send();
    }
    part += text;
  });
  if (number < parts_of(table)) send();
}

bool read_reference(mysql::Session& session, const std::string& digest,
                    const std::function<void(std::string_view)>& take) {
  bool is_there = false;
  session.for_each("SELECT UNCOMPRESS(`text`) FROM `chatload_references`" + where_digest(digest) + " ORDER BY `part`",
                   [&](const mysql::Row& row) {
                     is_there = true;
                     take(row[0].value_or(""));
                   });
  return is_there;
}

void forget_unused_references(mysql::Session& session) {
  const std::string is_old = "`used_at` < UTC_TIMESTAMP(6) - INTERVAL 1 DAY";
  for (const mysql::Row& row :
       session.query("SELECT r.`digest` FROM (SELECT DISTINCT `digest` FROM `chatload_references` WHERE " + is_old +
                     ") AS r WHERE NOT EXISTS (SELECT 1 FROM `chatload_loads` AS l WHERE l.`state` <> 'done'"
                     " AND l.`superseded_by` IS NULL AND INSTR(l.`plan`, r.`digest`) > 0)")) {
    change_all(session, "DELETE FROM `chatload_references`" + where_digest(row[0].value_or("")) + " AND " + is_old);
  }
}

}  // namespace chatload::ledger
