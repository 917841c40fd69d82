// TOML, for what we write: plans in the ledger, and mappings.
#pragma once

#include <string>
#include <string_view>

namespace chatload {

// A TOML 1.0 basic string.
[[nodiscard]] std::string toml_string(std::string_view text);

}  // namespace chatload
