// A job's rows → some statements of its pack's transaction.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/reject_sender.h"
#include "mysql/session.h"
#include "write/id_lookup.h"
#include "write/row_pace.h"
#include "write/statement_builder.h"
#include "write/write_context.h"
#include "write/write_job.h"

namespace chatload::write {

// A row that the server refuses is found by bisection and becomes a reject, its neighbours stay. Where LOAD DATA has
// not made a row or a duplicate of each record, or the server does not take arrays after all, the rows of the pack go
// as text.
//
// Single-threaded; borrows all that it is given. What it throws beside StatementError is a DatabaseError that ends the
// run.
class RowSender {
 public:
  enum class Outcome {
    kSent,
    kGivenUp,   // the run is to end, or the job's owner allows no more refused rows (job.result)
    kFellBack,  // roll back and begin the transaction anew: the rows will go as text
  };

  // failed: another writer ended the run: send no more.
  RowSender(mysql::Session& session, const WriteContext& context, ledger::RejectSender& rejects,
            const std::atomic<bool>& failed);

  // What a statement may be on this connection: forgotten after a reconnect, learned before each transaction, which
  // costs nothing the second time.
  void forget_limits() { limits_.reset(); }
  void learn_limits();

  // Before a pack's first transaction.
  void begin_pack();

  // The pack is committed.
  void committed();

  // Sends these of the job's rows, some or all of job.order.rows, in as few statements as the limits allow, and adds to
  // job.result's counts and refused lines, which the caller begins anew with each transaction. REQUIRES: begin_pack(),
  // learn_limits().
  [[nodiscard]] Outcome send(WriteJob& job, std::span<const std::uint32_t> rows);

  // The same by INSERT alone, for late rows (write_order.h): most are duplicates, of which LOAD DATA takes only so many
  // in a statement.
  [[nodiscard]] Outcome insert_all(WriteJob& job, std::span<const std::uint32_t> rows);

 private:
  [[nodiscard]] bool has_to_end() const { return failed_ || context_.stop.requested(); }
  [[nodiscard]] Outcome insert_halves(WriteJob& job, std::span<const std::uint32_t> rows);
  [[nodiscard]] std::optional<std::vector<IdMatch>> match_ids(const WriteJob& job, std::span<const std::uint32_t> rows);
  [[nodiscard]] Outcome insert_absent(WriteJob& job, std::span<const std::uint32_t> rows);
  [[nodiscard]] Outcome insert_in_statements(WriteJob& job, std::span<const std::uint32_t> rows);
  [[nodiscard]] std::size_t prepare_insert(const WriteJob& job, std::span<const std::uint32_t> rows);
  [[nodiscard]] Outcome insert(WriteJob& job, std::span<const std::uint32_t> rows);
  [[nodiscard]] Outcome insert_again(WriteJob& job, std::span<const std::uint32_t> row,
                                     const mysql::StatementError& error);
  template <typename Send>
  auto paced(std::size_t rows, Send send);
  mysql::StatementResult send_insert(const WriteJob& job, std::span<const std::uint32_t> rows);
  [[nodiscard]] Outcome load_data(WriteJob& job, std::span<const std::uint32_t> rows);
  [[nodiscard]] bool are_duplicates(std::uint64_t warnings);
  [[nodiscard]] Outcome fall_back(const WriteJob& job, std::string_view trouble);
  [[nodiscard]] bool is_rows_fault(const mysql::StatementError& error) const;
  [[nodiscard]] Outcome refuse(WriteJob& job, std::uint32_t row, const mysql::StatementError& error);
  [[nodiscard]] RefusedLine place_of(const WriteJob& job, std::uint32_t row);
  void count(WriteJob& job, std::span<const std::uint32_t> rows, const mysql::StatementResult& done);
  void count_duplicate(WriteJob& job, std::uint32_t row, std::optional<std::string_view> there = std::nullopt);
  [[nodiscard]] std::string_view id_of(const WriteJob& job, std::uint32_t row) const;
  [[nodiscard]] Ids ids_there(const WriteJob& job, std::span<const std::uint32_t> rows);
  void count_respelled(WriteJob& job, std::span<const std::uint32_t> sent, const Ids& before);
  static void keep_witness(WriteJob& job, std::span<const std::uint32_t> rows, std::uint64_t inserted);

  mysql::Session& session_;
  const WriteContext& context_;
  ledger::RejectSender& rejects_;
  const std::atomic<bool>& failed_;
  StatementBuilder builder_;
  std::optional<IdLookup> lookup_;         // where the key is one text
  std::optional<StatementLimits> limits_;  // of INSERTs on this connection
  RowPace pace_;
  RowTransport transport_;      // of the pack under way
  unsigned numbers_taken_ = 0;  // in a row
  unsigned fallbacks_ = 0;      // packs in a row that fell back to text
  std::string text_;            // reused: an INSERT, the times of a bound row, or some records of LOAD DATA
};

}  // namespace chatload::write
