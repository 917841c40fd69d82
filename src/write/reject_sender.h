// The rejected lines of a job → chatload_rejects, in the job's transaction.
#pragma once

#include "write/reject_statement.h"
#include "write/session.h"
#include "write/write_context.h"
#include "write/write_job.h"

namespace chatload::write {

// Sends a statement whenever one is full. Single-threaded; borrows all that it is given. What it throws beside
// StatementError is a DatabaseError that ends the run: a warning, or a line that fits no statement.
class RejectSender {
 public:
  RejectSender(Session& session, const WriteContext& context);

  // Before a job's first transaction.
  void begin_job() { has_paged_ = false; }

  // Before each of its transactions: nothing of an earlier one is sent any more.
  void begin_transaction();

  // A row that the server refused.
  void add(const Reject& reject);

  // The lines that the parser rejected, and what add() has left. Once a transaction.
  void finish(WriteJob& job);

 private:
  void flush();

  Session& session_;
  const WriteContext& context_;
  RejectStatement statement_;
  bool has_paged_ = false;  // job.parsed.rejects are no longer its first ones
};

}  // namespace chatload::write
