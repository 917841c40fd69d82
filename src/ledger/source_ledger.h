// chatload_sources: one row a source of a load. The row is the claim on it: no two loads have one source in one
// attempt.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "ledger/line_counts.h"
#include "mysql/session.h"

namespace chatload::ledger {

enum class SourceState { kWaiting, kDone, kFailed, kReleased };
[[nodiscard]] std::string_view to_string(SourceState state);  // "waiting", "done", "failed", "released"

// For a row that begins.
struct SourceClaim {
  std::string key;  // source/source_identity.h
  std::uint64_t attempt = 1;
  std::string name = {};         // as the user wrote it, as terminal_text()
  std::string name_digest = {};  // of the name's bytes
  std::string stamp = {};        // empty where it is no file
  std::optional<std::uint64_t> bytes = {};
  std::string why = {};  // what ended it before it could be read; empty where nothing did
};

// A row.
struct SourceRecord {
  std::uint64_t load_id = 0;
  SourceOrdinal source;
  std::string key;
  std::uint64_t attempt = 0;
  std::string name;
  std::string name_digest;  // empty of a load that an older chatload began
  std::string stamp;
  std::string digest;  // once it is read; empty before
  SourceState state = SourceState::kWaiting;
  std::string why;
  bool is_superseded = false;
  std::optional<SourceLines> lines;    // once they are summed up
  std::optional<std::uint64_t> bytes;  // compressed, of an input that has a size

  // Its load knows it by its name alone: no file of that name could be read.
  [[nodiscard]] bool is_unread() const { return key.starts_with("name:"); }
  // It is no part of its load any more.
  [[nodiscard]] bool has_left() const { return is_superseded || state == SourceState::kReleased; }
};

// What is known once a source was read to its end.
struct SourceEnd {
  SourceOrdinal source;
  std::string stamp;
  std::string digest;
  std::uint64_t bytes = 0;  // compressed
  std::uint64_t ranges = 0;
  std::uint64_t lines = 0;
};

// What ended it instead.
struct SourceFailure {
  SourceOrdinal source;
  std::string why;
};

// How many names or keys one query asks for.
inline constexpr std::size_t kSourcesAtOnce = 1'000;

// Each function may be called again if the connection was lost in it. All throw StatementError.

// Of the sources into this table that have these digests of their names, the latest load first, or these keys, the
// latest attempt first. Some are asked for, at most kSourcesAtOnce.
[[nodiscard]] std::vector<SourceRecord> find_by_names(mysql::Session& session, const std::string& table,
                                                      std::span<const std::string> name_digests);
[[nodiscard]] std::vector<SourceRecord> find_by_keys(mysql::Session& session, const std::string& table,
                                                     std::span<const std::string> keys);

// Of one load, in order.
[[nodiscard]] std::vector<SourceRecord> find_of_load(mysql::Session& session, std::uint64_t load_id);

// The sources that are neither done nor superseded, of files that have the name of one that the load has read to its
// end, and that failed, were released, have committed a range, or are empty files: one of which nothing is known may be
// any file. Only of files that are known by their content: what another --source-id names is another source.
[[nodiscard]] std::vector<SourceRecord> find_partial_sources(mysql::Session& session, const std::string& table,
                                                             std::uint64_t load_id);

// It was found again under another name or stamp.
void record_place(mysql::Session& session, const SourceRecord& source);

void record_stamp(mysql::Session& session, std::uint64_t load_id, SourceOrdinal source, const std::string& stamp);

// What could not be read until now has these: key, attempt, stamp and bytes of the claim.
void identify(mysql::Session& session, std::uint64_t load_id, const std::string& owner, SourceOrdinal source,
              const SourceClaim& claim);

// What became of sources of a load, many at once. They change nothing where owner no longer owns the load.
void record_ends(mysql::Session& session, std::uint64_t load_id, const std::string& owner,
                 std::span<const SourceEnd> ends);
void record_failures(mysql::Session& session, std::uint64_t load_id, const std::string& owner,
                     std::span<const SourceFailure> failures);
void release(mysql::Session& session, std::uint64_t load_id, const std::string& owner,
             std::span<const SourceFailure> released);

// In key order, in one transaction before anything is recorded: releases these and fixes the set of the others. Throws
// LoadError where owner no longer owns the load.
void freeze(mysql::Session& session, std::uint64_t load_id, const std::string& owner,
            std::span<const SourceFailure> released);

// Sources that are read to their end, and whose ranges are not all there any more, are to be read again.
void reopen_incomplete(mysql::Session& session, std::uint64_t load_id, const std::string& owner);

// How many sources of a load that has all of its lines are not read to their end, or lack ranges.
[[nodiscard]] std::uint64_t count_incomplete(mysql::Session& session, std::uint64_t load_id);

// Compressed bytes of the load's sources that are read to their end.
[[nodiscard]] std::uint64_t source_bytes(mysql::Session& session, std::uint64_t load_id);

// Sets the counts of the load's sources, from its ranges.
void sum_up(mysql::Session& session, std::uint64_t load_id, const std::string& owner);

}  // namespace chatload::ledger
