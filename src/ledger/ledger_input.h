// What is read from the ledger is input: somebody may have edited it, restored one of its tables, or lost a page of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/errors.h"

namespace chatload::ledger {

// One sentence: what of which load cannot be, and the ways out. what: "`lines` in chatload_loads is no number".
[[nodiscard]] LoadError damaged_ledger(std::uint64_t load_id, std::string_view what);

// A cell that chatload fills with a number that is not negative. Throws LoadError where it holds none, or one of more
// than 64 bits. name: "`lines`".
[[nodiscard]] std::uint64_t ledger_number(const std::optional<std::string>& cell, std::uint64_t load_id,
                                          std::string_view name);

}  // namespace chatload::ledger
