// The rows are read as the server sends them, in pages: a result that is left early has to be read to its end, which a
// page bounds. Pages of one snapshot are of one instant.
#include "ledger/reject_reader.h"

#include <fmt/format.h>

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

// The columns that reject_of() takes, of r and s; raw is an expression.
std::string columns_with(std::string_view raw) {
  return fmt::format(
      "r.`source`, r.`line`, r.`byte_offset`, r.`reason`, r.`field`, r.`detail`, {}, r.`raw_is_cut`, s.`name`"
      " FROM `chatload_rejects` AS r LEFT JOIN `chatload_sources` AS s ON s.`load_id` = r.`load_id`"
      " AND s.`source` = r.`source`",
      raw);
}

// Borrows the row.
StoredReject reject_of(const mysql::Row& row) {
  return {.reason = reason_named(view_of(row[3])),
          .field = view_of(row[4]),
          .detail = view_of(row[5]),
          .input = view_of(row[8]),
          .source = SourceOrdinal(mysql::to_number(row[0])),
          .line = LineNumber(mysql::to_number(row[1])),
          .offset = ByteOffset(mysql::to_number(row[2])),
          .raw = view_of(row[6]),
          .raw_is_cut = mysql::to_number(row[7]) != 0,
          .raw_is_lost = !row[6].has_value()};
}

}  // namespace

void read_rejects(mysql::Session& session, RejectsOf of, RejectPlace behind,
                  const std::function<bool(const StoredReject&)>& visit) {
  session.execute(kPatientServer);
  session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  session.execute("START TRANSACTION");
  std::uint64_t rows_in_page = kRowsInAPage;
  bool goes_on = true;
  while (goes_on && rows_in_page == kRowsInAPage) {
    rows_in_page = 0;
    const std::string page = fmt::format(
        "SELECT {5} WHERE r.`load_id` = {0} AND r.`source` >= {1} AND (r.`source` > {1} OR r.`line` > {2}){3}{4}"
        " ORDER BY r.`source`, r.`line` LIMIT {6}",
        of.load, behind.source.value(), behind.line.value(),
        of.source ? fmt::format(" AND r.`source` = {}", of.source->value()) : "",
        of.has_superseded ? "" : " AND s.`superseded_by` IS NULL", columns_with("r.`raw`"), kRowsInAPage);
    session.for_each(page, [&](const mysql::Row& row) {
      ++rows_in_page;
      const StoredReject reject = reject_of(row);
      behind = {reject.source, reject.line};
      goes_on = goes_on && visit(reject);
    });
  }
  session.execute("COMMIT");
}

// By the index of reasons, whose entries are in the order of sources and lines.
void read_first_rejects(mysql::Session& session, std::uint64_t load, parse::RejectReason reason, std::size_t count,
                        std::size_t raw_bytes_max, const std::function<void(const StoredReject&)>& visit) {
  const std::string raw = fmt::format("LEFT(r.`raw`, {})", raw_bytes_max);
  session.for_each(
      fmt::format("SELECT {} WHERE r.`load_id` = {} AND r.`reason` = '{}' ORDER BY r.`source`, r.`line` LIMIT {}",
                  columns_with(raw), load, to_string(reason), count),
      [&](const mysql::Row& row) { visit(reject_of(row)); });
}

}  // namespace chatload::ledger
