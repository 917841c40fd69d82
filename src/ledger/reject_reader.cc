// The rows are read as the server sends them, in pages: a result that is left early has to be read to its end, which a
// page bounds. Pages of one snapshot are of one instant.
#include "ledger/reject_reader.h"

#include <string>

#include "base/errors.h"

namespace chatload::ledger {
namespace {

constexpr std::uint64_t kRowsInAPage = 1000;
// A visit that waits, for a pager or a slow disk, must not look like a dead client.
constexpr std::string_view kPatientServer = "SET SESSION net_write_timeout = 28800";

parse::RejectReason reason_named(std::string_view name) {
  if (const auto reason = parse::reject_reason(name)) return *reason;
  throw DatabaseError("The ledger has a line rejected as '" + std::string(name) +
                      "', which this chatload does not know; export it with the newer one that loaded it.");
}

std::string_view view_of(const std::optional<std::string>& cell) {
  return cell ? std::string_view(*cell) : std::string_view();
}

}  // namespace

void read_rejects(mysql::Session& session, std::uint64_t load, LineNumber behind,
                  const std::function<bool(const StoredReject&)>& visit) {
  session.execute(kPatientServer);
  session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  session.execute("START TRANSACTION");
  std::uint64_t last_line = behind.value();
  std::uint64_t rows_in_page = kRowsInAPage;
  bool goes_on = true;
  while (goes_on && rows_in_page == kRowsInAPage) {
    rows_in_page = 0;
    const std::string page =
        "SELECT `line`, `byte_offset`, `reason`, `field`, `detail`, `raw`, `raw_is_cut` FROM `chatload_rejects`"
        " WHERE `load_id` = " +
        std::to_string(load) + " AND `line` > " + std::to_string(last_line) + " ORDER BY `line` LIMIT " +
        std::to_string(kRowsInAPage);
    session.for_each(page, [&](const mysql::Row& row) {
      ++rows_in_page;
      last_line = mysql::to_number(row[0]);
      goes_on = goes_on && visit({.reason = reason_named(view_of(row[2])),
                                  .field = view_of(row[3]),
                                  .detail = view_of(row[4]),
                                  .line = LineNumber(last_line),
                                  .offset = ByteOffset(mysql::to_number(row[1])),
                                  .raw = view_of(row[5]),
                                  .raw_is_cut = mysql::to_number(row[6]) != 0});
    });
  }
  session.execute("COMMIT");
}

}  // namespace chatload::ledger
