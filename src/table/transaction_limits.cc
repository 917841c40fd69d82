#include "table/transaction_limits.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace chatload::table {
namespace {

// A row's JSON has more bytes than the row; a write set adds its keys, the binary log its before-image, the ledger its
// own rows.
constexpr std::uint64_t kBytesPerRangeByte = 2;
// The shortest line that makes a row.
constexpr std::uint64_t kLineBytesMin = 64;

constexpr std::uint64_t kLedgerRowsMax = 8;

}  // namespace

std::uint64_t TransactionLimits::range_bytes_max() const {
  const std::uint64_t of_rows = rows > kLedgerRowsMax ? rows - kLedgerRowsMax : 0;
  const bool has_rows_limit = rows != std::numeric_limits<std::uint64_t>::max();
  return std::min(bytes / kBytesPerRangeByte, has_rows_limit ? of_rows * kLineBytesMin : bytes);
}

TransactionLimits read_transaction_limits(mysql::Session& session) {
  std::map<std::string, std::string, std::less<>> values;
  for (const mysql::Row& row : session.query(
           "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('wsrep_on', 'wsrep_max_ws_size', 'wsrep_max_ws_rows',"
           " 'group_replication_transaction_size_limit')")) {
    values.emplace(row[0].value_or(""), row[1].value_or(""));
  }
  TransactionLimits limits;
  const auto lower = [&](std::uint64_t& limit, std::string_view name) {
    const auto value = values.find(name);
    if (value == values.end()) return;
    const std::uint64_t most = mysql::to_number(value->second);
    if (most == 0 || most >= limit) return;  // 0: no limit
    limit = most;
    limits.names += (limits.names.empty() ? "" : ", ") + std::string(name);
  };
  if (const auto is_on = values.find("wsrep_on"); is_on != values.end() && is_on->second == "ON") {
    lower(limits.bytes, "wsrep_max_ws_size");
    lower(limits.rows, "wsrep_max_ws_rows");
  }
  lower(limits.bytes, "group_replication_transaction_size_limit");
  return limits;
}

}  // namespace chatload::table
