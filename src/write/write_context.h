// What every writer of a load shares.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/load_modes.h"
#include "base/pause.h"
#include "base/stop_signal.h"
#include "ledger/range_ledger.h"
#include "mapping/mapping.h"
#include "mysql/retry_policy.h"
#include "mysql/session.h"
#include "table/server_counter.h"
#include "write/slow_transactions.h"

namespace chatload::write {

// How a statement carries rows to the server.
enum class RowTransport {
  kText,      // a multi-row INSERT
  kBound,     // a prepared INSERT, done for an array of rows: MariaDB, and a table without triggers
  kLoadData,  // where load_data_conditions.h has nothing against it
};

// How late the end of a pause may be noticed.
inline constexpr std::chrono::milliseconds kPausePoll{100};

// All of it read-only, or safe for several threads.
struct WriteContext {
  const mapping::Mapping& mapping;
  OnDuplicate mode;
  RowTransport transport;
  // A trigger, or another unique key, may leave the table without a row of a key that was sent: it has to be looked up.
  bool may_lack_keys = false;
  std::size_t statement_bytes_max;   // of an INSERT, where the server's max_allowed_packet is not less
  std::size_t recorded_rejects_max;  // rejected lines to fetch of a range that an earlier run committed
  const ledger::RangeLedger& ledger;
  ledger::CommittedRanges& committed;
  std::function<mysql::Session()> reconnect;
  mysql::RetryPolicy& retry;
  const StopSignal& stop;
  const Pause& pause;                        // while it is set, no transaction is begun
  std::atomic<std::uint64_t>& retries;       // transactions redone, for the progress line
  std::atomic<std::uint64_t>& disconnected;  // writers that have no connection just now
  // With skip: a row whose id is there is left alone, so that no trigger fires on it. REQUIRES: kText.
  bool looks_ids_up = false;
  bool can_reorder = true;  // no other unique key: rows whose ids the key tells apart may change places
  // Adds up WriteResult::respelled of what is committed. Null where the key is no text, or compares
  // bytes, so that there are none.
  std::atomic<std::uint64_t>* respelled = nullptr;
  SlowTransactions* slow = nullptr;        // gets each transaction that was committed; null: nobody asks
  std::string_view key_index = "PRIMARY";  // the key's, or the primary key's where there is none
  std::optional<table::ServerCounter> counter = std::nullopt;  // that the server fills with each row

  // Waits until the pause ends or goes_on() is false, and calls goes_on() every kPausePoll. After a wait the time for
  // retries starts over.
  void await_clearance(const std::function<bool()>& goes_on) const {
    if (!pause.is_set()) return;
    while (pause.is_set() && goes_on()) static_cast<void>(stop.wait_for(kPausePoll));
    retry.begin_anew();
  }
};

}  // namespace chatload::write
