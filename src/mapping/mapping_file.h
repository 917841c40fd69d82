// A mapping as people write it: a TOML file (docs/mapping.md).
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "mapping/mapping.h"

namespace chatload::mapping {

// records: instead of the file's. Throws UsageError: which line and column of the file, what is wrong there, and what
// is allowed.
[[nodiscard]] Mapping read_mapping(const std::filesystem::path& path, const std::optional<RecordForm>& records);

// The same on text; `name` stands in messages.
[[nodiscard]] Mapping parse_mapping(std::string_view text, std::string_view name,
                                    const std::optional<RecordForm>& records = std::nullopt);

// schema/chat.toml: the log that chatload was made for, into chat_messages.
[[nodiscard]] const Mapping& chat_mapping();

}  // namespace chatload::mapping
