// What the target table is: read from information_schema before anything is written.
#pragma once

#include <string>
#include <vector>

#include "base/load_modes.h"
#include "mapping/mapping.h"
#include "mysql/session.h"

namespace chatload::table {

struct TableInfo {
  std::string table;
  // The key's collation compares bytes and does not pad: two ids are one exactly if their bytes are equal.
  bool key_is_bytes = false;
  bool has_other_unique_key = false;
  std::string key_collation;
  // It has one, or the user lacks the TRIGGER privilege, without which the server shows none.
  bool may_have_trigger = true;
  // One of them fires on a line whose id is there already, where that line is sent by ON DUPLICATE KEY UPDATE: on
  // UPDATE, or before INSERT. True where the user would not see it.
  bool may_fire_on_duplicate = true;
  bool has_update_trigger = false;          // that the user sees
  std::vector<std::string> narrow_columns;  // texts in utf8mb3, which lacks emoji

  // Parallel connections and rows sorted by id keep the order of equal ids in the files only under these conditions.
  [[nodiscard]] bool can_write_in_parallel() const { return key_is_bytes && !has_other_unique_key; }

  // Half a sentence for people, where it cannot: "its key `id` has the collation utf8mb4_general_ci, which …".
  [[nodiscard]] std::string why_not_in_parallel() const;

  // What a load into it may surprise with, for people: half a sentence each, without the table's name.
  [[nodiscard]] std::vector<std::string> surprises() const;
};

// Reads the mapping's table and sets mapping's limits to what its columns hold. Throws DatabaseError, one sentence that
// names everything that is wrong and what to do: no such table (names `chatload schema apply`), not InnoDB, a primary
// key other than the whole of the key column, a mapped column that is missing, generated or of a type that cannot take
// the field as it is, another column that is NOT NULL without a default, `replace` with another unique key. Throws
// StatementError where the server does not answer.
[[nodiscard]] TableInfo inspect_table(mysql::Session& session, mapping::Mapping& mapping, OnDuplicate mode);

// The table's CREATE TABLE statement, as the server writes it. Throws StatementError.
[[nodiscard]] std::string table_definition(mysql::Session& session, const std::string& table);

// Whether it has no row. Throws StatementError.
[[nodiscard]] bool is_empty(mysql::Session& session, const std::string& table);

// What the columns hold, texts in characters or bytes: "`id` 255, `price` DECIMAL(10,2)", in the order in which a
// record's columns are checked. For the ledger, and for people.
[[nodiscard]] std::string limits_text(const mapping::Mapping& mapping);

}  // namespace chatload::table
