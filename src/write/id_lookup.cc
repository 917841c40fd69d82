// Two queries, because a locking read of an id that is not there waits for the transaction that has the row behind it,
// even under READ COMMITTED, and our writers would wait for one another.
//
// FORCE INDEX: of a small table the optimizer would read all rows rather than some by their keys, and wait for those
// that other transactions have locked.
#include "write/id_lookup.h"

#include <fmt/format.h>

#include <string_view>

#include "write/sql_text.h"

namespace chatload::write {

IdLookup::IdLookup(const parse::Mapping& mapping)
    : key_column_(mapping.key),
      head_(fmt::format("SELECT {0} FROM {1} FORCE INDEX (PRIMARY) WHERE {0} IN (",
                        quote_identifier(mapping.fields[mapping.key].column), quote_identifier(mapping.table))) {}

std::size_t IdLookup::find(const parse::RowBatch& rows, std::span<const std::uint32_t> order, StatementLimits limits,
                           std::string& sql) const {
  sql = head_;
  std::size_t count = 0;
  for (; count < order.size() && count < limits.rows_max; ++count) {
    const std::size_t end_of_id_before = sql.size();
    if (count > 0) sql += ',';
    append_text_literal(sql, rows.row(order[count])[key_column_].as_text());
    if (sql.size() >= limits.bytes_max) {
      sql.resize(end_of_id_before);
      break;
    }
  }
  sql += ')';
  return count;
}

void IdLookup::hold(const Ids& ids, std::string& sql) const {
  sql = head_;
  for (const std::string& id : ids) {
    if (sql.size() > head_.size()) sql += ',';
    append_text_literal(sql, id);
  }
  sql += ") LOCK IN SHARE MODE";
}

}  // namespace chatload::write
