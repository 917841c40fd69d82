// One range → one transaction.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "parse/mapping.h"
#include "write/range_scheduler.h"
#include "write/session.h"
#include "write/statement_builder.h"
#include "write/write_job.h"

namespace chatload::write {

// What every writer of a load shares; all of it read-only, or safe for several threads.
struct WriteContext {
  const parse::Mapping& mapping;
  OnDuplicate mode;
  std::size_t statement_bytes_max;      // of a statement's text, where the server's max_allowed_packet is not less
  const std::atomic<bool>& failed;      // another writer ended the run: send and commit no more
  std::atomic<std::uint64_t>& retries;  // transactions redone, for the progress line
};

// Writes ranges through one connection. Single-threaded; borrows the session and the context.
class BatchWriter {
 public:
  BatchWriter(Session& session, const WriteContext& context);

  // Writes the job's rows in one transaction and sets job.result. A deadlock or a lock wait (1213, 1205) rolls back
  // and redoes the whole transaction after a jittered backoff, for kRetryFor since the first; everything else that the
  // server says, a row that it refuses included, and any warning, ends the run. Leaves job.result.committed false if
  // another writer failed meanwhile. Throws DatabaseError: a sentence with the range's lines.
  // scheduler: has the job in flight, and says when contested rows may go.
  void write(WriteJob& job, RangeScheduler& scheduler);

 private:
  bool write_transaction(WriteJob& job, RangeScheduler& scheduler, bool may_wait_inside);
  bool send_rows(const WriteJob& job, std::size_t begin, std::size_t end, WriteResult& result);
  void count(const WriteJob& job, std::uint64_t rows, const StatementResult& done, WriteResult& result);
  [[nodiscard]] bool may_redo(const StatementError& error) const;
  [[nodiscard]] bool roll_back() noexcept;

  Session& session_;
  const WriteContext& context_;
  StatementBuilder builder_;
  StatementLimits limits_;
  std::string sql_;             // reused
  bool is_committing_ = false;  // COMMIT was sent, its reply has not come
};

}  // namespace chatload::write
