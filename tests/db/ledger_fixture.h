// A ledger of the test's own, and loads in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/units.h"
#include "db/database_fixture.h"
#include "ledger/line_counts.h"
#include "ledger/load_ledger.h"
#include "ledger/source_ledger.h"

namespace chatload::ledger {

class LedgerTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    make_tables();
  }

  [[nodiscard]] static Runner runner(const std::string& owner) {
    return {.owner = owner, .name = "host of " + owner, .sources = "log of " + owner, .slots = 3};
  }
  [[nodiscard]] static SourceClaim claim(const std::string& key, std::uint64_t attempt = 1) {
    const std::string name = key + ".json.gz";
    return {.key = key,
            .attempt = attempt,
            .name = name,
            .name_digest = digest_hex(name),
            .stamp = "stamp of " + key,
            .bytes = 900,
            .why = {}};
  }
  [[nodiscard]] static std::vector<SourceClaim> claims(const std::vector<std::string>& keys) {
    std::vector<SourceClaim> all;
    for (const std::string& key : keys) all.push_back(claim(key));
    return all;
  }

  [[nodiscard]] std::optional<std::uint64_t> begin(const std::string& owner, const std::vector<SourceClaim>& sources,
                                                   const std::vector<PutAside>& put_aside = {}) {
    return begin_load(admin(), setup_, runner(owner), sources, put_aside);
  }

  [[nodiscard]] LoadRecord load_of(mysql::Session& session, std::uint64_t load_id) const {
    return find_loads(session, std::vector{load_id}).at(0);
  }
  [[nodiscard]] LoadRecord load_of(std::uint64_t load_id) { return load_of(admin(), load_id); }
  [[nodiscard]] std::vector<SourceRecord> sources_of(std::uint64_t load_id) { return find_of_load(admin(), load_id); }
  [[nodiscard]] SourceRecord source_of(std::uint64_t load_id, std::uint64_t source) {
    return sources_of(load_id).at(source - 1);
  }
  // "1 waiting; 2 done; …"
  [[nodiscard]] std::string states_of(std::uint64_t load_id) {
    return value_read_back(
        "SELECT GROUP_CONCAT(CONCAT(source, ' ', state) ORDER BY source SEPARATOR '; ')"
        " FROM chatload_sources WHERE load_id = " +
        std::to_string(load_id));
  }
  [[nodiscard]] std::string count_of(const std::string& table) {
    return value_read_back("SELECT COUNT(*) FROM " + table);
  }

  void add_range(std::uint64_t load_id, std::uint64_t source, std::uint64_t number, const LineCounts& counts = {},
                 std::uint64_t compressed_end = 0, const std::string& witness = {}) {
    admin().execute(
        "INSERT INTO chatload_ranges (load_id, source, range_number, kind, begin_byte, length_bytes, digest,"
        " compressed_end, first_line, `lines`, inserted, updated, duplicate, filtered, rejected, blank, witness) "
        "VALUES (" +
        std::to_string(load_id) + ", " + std::to_string(source) + ", " + std::to_string(number) +
        (source == 0 ? ", 'stretch', 0, 0, '', " : ", 'range', 0, 100, '', ") + std::to_string(compressed_end) +
        ", 1, " + std::to_string(counts.lines) + ", " + std::to_string(counts.inserted) + ", " +
        std::to_string(counts.updated) + ", " + std::to_string(counts.duplicate) + ", " +
        std::to_string(counts.filtered) + ", " + std::to_string(counts.rejected) + ", " + std::to_string(counts.blank) +
        ", " + (witness.empty() ? "NULL" : mysql::quote_text(witness)) + ")");
  }
  // raw: as SQL.
  void add_reject(std::uint64_t load_id, std::uint64_t source, std::uint64_t line, const std::string& reason,
                  const std::string& raw = "''") {
    admin().execute("INSERT INTO chatload_rejects (load_id, source, line, byte_offset, reason, raw) VALUES (" +
                    std::to_string(load_id) + ", " + std::to_string(source) + ", " + std::to_string(line) + ", " +
                    std::to_string(100 * line) + ", '" + reason + "', " + raw + ")");
  }

  static constexpr const char* kTable = "chat_messages";
  LoadSetup setup_{
      .table = kTable, .plan = "on-duplicate = 'skip'\n", .limits = "`id` 255", .order = "file", .lock_name = "lock"};
};

}  // namespace chatload::ledger
