// SHOW CREATE TABLE has a line for each column, indented by two spaces, with all attributes: "  `data` varchar(255)
// DEFAULT '',". Of that only the type behind the name is replaced. A VARCHAR gets twice its length until the text fits:
// nobody has seen the longest one yet.
//
// A key holds 3,072 bytes: 768 characters of utf8mb4. Prefix keys and FULLTEXT keys set no limit. All columns of a row
// share 65,535 bytes, but for TEXT and BLOB; so a column that needs more than 4,095 characters becomes one of those.
// MySQL takes a literal as the default of a TEXT only in brackets.
#include "table/column_room.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "mysql/sql_text.h"

namespace chatload::table {
namespace {

constexpr std::uint64_t kKeyBytesMax = 3'072;
constexpr std::uint64_t kKeyCharactersMax = 768;
constexpr std::uint64_t kVarcharMax = 4'095;
constexpr std::array<std::pair<std::string_view, std::uint64_t>, 4> kSizes{
    {{"tiny", 255}, {"", 65'535}, {"medium", 16'777'215}, {"long", 4'294'967'295}}};

// Whether a line for a key names the column, and all of it.
bool is_in_key(std::string_view create_table, const std::string& name) {
  while (!create_table.empty()) {
    const std::string_view line = create_table.substr(0, create_table.find('\n'));
    create_table.remove_prefix(std::min(create_table.size(), line.size() + 1));
    if (line.starts_with("  `") || line.starts_with("  FULLTEXT ") || line.find("KEY ") == std::string_view::npos) {
      continue;
    }
    for (const char before : {'(', ','}) {
      const std::size_t at = line.find(before + name);
      if (at != std::string_view::npos && line.substr(at + 1 + name.size(), 1) != "(") return true;
    }
  }
  return false;
}

// Nothing where no type of the kind holds as many.
std::optional<std::string> sized_type(std::string_view kind, std::uint64_t bytes) {
  for (const auto& [size, bytes_max] : kSizes) {
    if (bytes_max >= bytes) return fmt::format("{}{}", size, kind);
  }
  return std::nullopt;
}

// A column that has that much room needs no change.
RoomChange has_room() { return {{}, "The column has that much room by now"}; }

RoomChange is_too_much(std::string_view why) {
  return {{}, fmt::format("No ALTER TABLE makes that much room: {}", why)};
}

// " DEFAULT 'x'" → " DEFAULT ('x')"
void bracket_default(std::string& attributes) {
  constexpr std::string_view kDefault = " DEFAULT '";
  const std::size_t at = attributes.find(kDefault);
  if (at == std::string::npos || at > attributes.find(" COMMENT '")) return;
  const std::size_t begin = at + kDefault.size() - 1;
  std::size_t end = begin + 1;
  while (end < attributes.size()) {
    const bool is_doubled = attributes.compare(end, 2, "''") == 0;
    if (attributes[end] == '\'' && !is_doubled) break;
    end += is_doubled || attributes[end] == '\\' ? 2 : 1;
  }
  if (end >= attributes.size()) return;
  attributes.insert(end + 1, ")");
  attributes.insert(begin, "(");
}

}  // namespace

RoomChange alter_for_room(std::string_view create_table, std::string_view table, std::string_view column,
                          std::uint64_t characters, std::uint64_t bytes) {
  const std::string name = mysql::quote_identifier(column);
  const std::size_t at = create_table.find("\n  " + name + " ");
  if (at == std::string_view::npos) return {{}, "The table has no such column any more"};
  std::string_view rest = create_table.substr(at + name.size() + 4);
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with(',')) rest.remove_suffix(1);
  const std::string_view old = rest.substr(0, rest.find(' '));
  std::string attributes(rest.substr(old.size()));

  const std::string_view word = old.substr(0, old.find('('));
  const bool is_binary = word == "varbinary" || word.ends_with("blob");
  const std::string_view large = is_binary ? "blob" : "text";
  std::optional<std::string> type;
  if (word == "varchar" || word == "varbinary") {
    const std::uint64_t needed = is_binary ? bytes : characters;
    std::uint64_t length = 0;
    std::from_chars(old.data() + std::min(old.size(), word.size() + 1), old.data() + old.size(), length);
    if (length >= needed) return has_room();
    const bool is_key = is_in_key(create_table, name);
    const std::uint64_t most = !is_key ? kVarcharMax : is_binary ? kKeyBytesMax : kKeyCharactersMax;
    if (is_key && needed > most) {
      return is_too_much(fmt::format("the column is in a key, which holds {} {}", is_binary ? "3,072" : "768",
                                     is_binary ? "bytes" : "characters"));
    }
    length = std::max<std::uint64_t>(length, 1);
    while (length < needed) length *= 2;
    if (needed <= most) length = std::min(length, most);
    type = length <= most ? fmt::format("{}({})", word, length)
                          : sized_type(large, std::max<std::uint64_t>(bytes, 65'535));
  } else if (word.ends_with(large)) {
    const auto holds = std::find_if(kSizes.begin(), kSizes.end(),
                                    [&](const auto& one) { return fmt::format("{}{}", one.first, large) == old; });
    if (holds != kSizes.end() && holds->second >= bytes) return has_room();
    type = sized_type(large, std::max<std::uint64_t>(bytes, 65'535));
  } else {
    return {{}, fmt::format("The column is {}, which has no larger type for texts", old)};
  }
  if (!type) return is_too_much(fmt::format("no {} holds more than 4 GiB", is_binary ? "BLOB" : "TEXT"));
  if (type->ends_with(large)) bracket_default(attributes);
  return {fmt::format("ALTER TABLE {} MODIFY {} {}{}", mysql::quote_identifier(table), name, *type, attributes), {}};
}

}  // namespace chatload::table
