// --mapping, and what compares its columns: --only, --type, --site, --since, --until.
#pragma once

#include <memory>
#include <string_view>

#include "cli/flags.h"
#include "mapping/mapping.h"
#include "mapping/mapping_file.h"
#include "parse/row_filter.h"

namespace chatload::cli {

inline constexpr std::string_view kChatMapping = "chat";

// All of it throws UsageError.

// "chat", or a file. types: of columns for which the file says none; null where the command has no table.
[[nodiscard]] std::shared_ptr<const mapping::Mapping> make_mapping(const Flags& flags,
                                                                   const mapping::DeclaredTypes& types);

// `base`: what holds of columns that no flag names.
[[nodiscard]] parse::RowFilter make_filter(const Flags& flags, const mapping::Mapping& mapping, parse::RowFilter base);

// Whether --only says something of the column; of any other than those of --type and --site, where that is empty.
[[nodiscard]] bool has_only(const Flags& flags, std::string_view column);

}  // namespace chatload::cli
