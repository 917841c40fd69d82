// A mapping as people write it: a TOML file (docs/mapping.md).
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "mapping/mapping.h"

namespace chatload::mapping {

// How a table that is there declares a column, for mappings that say no type of it; nothing where it has no such
// column. An empty text: no type is needed. Then the mapping has the column with its name and where its value is, and
// nothing that rests on types: no key, indexes, times or conditions.
using DeclaredTypes = std::function<std::optional<std::string>(const std::string& table, const std::string& column)>;

// records: instead of the file's. types: null where no table can be asked. Throws UsageError: which line and column of
// the file, what is wrong there, and what is allowed.
[[nodiscard]] Mapping read_mapping(const std::filesystem::path& path, const std::optional<RecordForm>& records,
                                   const DeclaredTypes& types = nullptr);

// The same on text; `name` stands in messages.
[[nodiscard]] Mapping parse_mapping(std::string_view text, std::string_view name,
                                    const std::optional<RecordForm>& records = std::nullopt,
                                    const DeclaredTypes& types = nullptr);

// schema/chat.toml: the log that chatload was made for, into chat_messages.
[[nodiscard]] const Mapping& chat_mapping();

}  // namespace chatload::mapping
