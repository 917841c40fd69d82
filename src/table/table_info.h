// What the target table is: read from information_schema before anything is written.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/load_modes.h"
#include "mapping/mapping.h"
#include "mysql/session.h"
#include "table/server_counter.h"

namespace chatload::table {

struct TableInfo {
  std::string table;
  bool has_key = true;             // the mapping has one
  bool is_key_exact = false;       // its bytes say which rows are equal (mapping.h, KeyForm)
  std::string why_key_is_inexact;  // half a sentence, where they do not
  std::string key_index = "PRIMARY";
  // The key is a text, and its collation calls some that differ in their bytes equal.
  bool has_loose_ids = false;
  std::string key_collation;  // where the key is a text
  bool has_other_unique_key = false;
  std::optional<ServerCounter> counter;  // its primary key, where the server makes that
  // It has one, or the user lacks the TRIGGER privilege, without which the server shows none.
  bool may_have_trigger = true;
  // One of them fires on a line whose id is there already, where that line is sent by ON DUPLICATE KEY UPDATE: on
  // UPDATE, or before INSERT. True where the user would not see it.
  bool may_fire_on_duplicate = true;
  bool has_update_trigger = false;          // that the user sees
  std::vector<std::string> narrow_columns;  // texts in utf8mb3, which lacks emoji

  // Parallel connections keep the order of equal keys in the files only where it is known which are equal.
  [[nodiscard]] bool can_write_in_parallel() const { return (!has_key || is_key_exact) && !has_other_unique_key; }
  // Half a sentence for people, where it cannot: "its key `id` has the collation utf8mb4_general_ci, which …".
  [[nodiscard]] std::string why_not_in_parallel() const;

  // Rows can be sorted by their key.
  [[nodiscard]] bool can_sort() const { return has_key && can_write_in_parallel(); }
  [[nodiscard]] std::string why_not_sorted() const;

  // What a load into it may surprise with, for people: half a sentence each, without the table's name.
  [[nodiscard]] std::vector<std::string> surprises() const;
};

// Reads the mapping's table, and sets the mapping's limits to what its columns hold, and its key to the order and the
// forms of the table's. Throws DatabaseError, one sentence that names everything that is wrong and what to do: no such
// table (names `chatload schema apply`), not InnoDB, no primary key that is the whole of the mapping's, or unique key
// of these columns beside a primary key that the server makes, another one where the mapping has none, a mapped column
// that is missing, generated or of a type that cannot take the field as it is, another column that is NOT NULL without
// a default, `replace` with another unique key. Throws StatementError where the server does not answer.
[[nodiscard]] TableInfo inspect_table(mysql::Session& session, mapping::Mapping& mapping, OnDuplicate mode);

// The table's CREATE TABLE statement, as the server writes it. Throws StatementError.
[[nodiscard]] std::string table_definition(mysql::Session& session, const std::string& table);

// Whether it has no row. Throws StatementError.
[[nodiscard]] bool is_empty(mysql::Session& session, const std::string& table);

// What the columns hold, texts in characters or bytes: "`id` 255, `price` DECIMAL(10,2)", in the order in which a
// record's columns are checked. For the ledger, and for people.
[[nodiscard]] std::string limits_text(const mapping::Mapping& mapping);

}  // namespace chatload::table
