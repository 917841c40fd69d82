// The ALTER TABLE that makes room for longer texts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chatload::write {

// The statement, without a ';', after which the column of the table takes a text of so many characters and bytes of
// UTF-8. It keeps all else that the column is. create_table: what SHOW CREATE TABLE says. Nothing where the column is
// of another type than VARCHAR, VARBINARY, TEXT or BLOB, has room already, or where a key of the table could not hold
// that much.
[[nodiscard]] std::optional<std::string> alter_for_room(std::string_view create_table, std::string_view table,
                                                        std::string_view column, std::uint64_t characters,
                                                        std::uint64_t bytes);

}  // namespace chatload::write
