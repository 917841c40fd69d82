// The ALTER TABLE that makes room for longer texts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace chatload::table {

// One of the two is empty.
struct RoomChange {
  std::string statement;  // without a ';'
  std::string why_none;   // a sentence without its full stop
};

// The statement after which the column of the table takes a text of so many characters and bytes of UTF-8. It keeps all
// else that the column is. create_table: what SHOW CREATE TABLE says. There is none where the table has no such column,
// the column is of another type than VARCHAR, VARBINARY, TEXT or BLOB, has room already, no type is large enough, or
// where a key of the table could not hold that much.
[[nodiscard]] RoomChange alter_for_room(std::string_view create_table, std::string_view table, std::string_view column,
                                        std::uint64_t characters, std::uint64_t bytes);

}  // namespace chatload::table
