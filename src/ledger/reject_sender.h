// Rejected lines → chatload_rejects, in the transaction of their range.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ledger/reject_statement.h"
#include "mapping/mapping.h"
#include "mysql/session.h"
#include "parse/row_batch.h"

namespace chatload::ledger {

// Sends a statement whenever one is full. Single-threaded; borrows the mapping and the session, which may be assigned
// to. What it throws beside StatementError is a DatabaseError that ends the run: a warning, a line that fits no
// statement, or one that the ledger has already.
class RejectSender {
 public:
  // statement_bytes_max: of a statement, where the server takes as much.
  RejectSender(mysql::Session& session, const mapping::Mapping& mapping, std::uint64_t load_id,
               std::size_t statement_bytes_max);

  // Before each transaction: nothing of an earlier one is sent any more.
  void begin_transaction();

  // A row that the server refused, or a line that the parser did.
  void add(const Reject& reject);
  void add(const parse::RawReject& reject);

  // Sends what add() has left. At the end of a transaction.
  void flush();

 private:
  [[nodiscard]] std::size_t bytes_max() const;

  mysql::Session& session_;
  const mapping::Mapping& mapping_;
  const std::uint64_t load_id_;
  const std::size_t statement_bytes_max_;
  RejectStatement statement_;
};

}  // namespace chatload::ledger
