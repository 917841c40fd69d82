#include "ledger/ledger_input.h"

#include <fmt/format.h>

#include <charconv>

namespace chatload::ledger {

LoadError damaged_ledger(std::uint64_t load_id, std::string_view what) {
  return LoadError(fmt::format(
      "The ledger of load {} is damaged: {}. Restore the ledger's tables from a backup, or load the file from "
      "its start with --restart, or with --reload if the load was done.",
      load_id, what));
}

std::uint64_t ledger_number(const std::optional<std::string>& cell, std::uint64_t load_id, std::string_view name) {
  std::uint64_t number = 0;
  if (cell) {
    const char* const end = cell->data() + cell->size();
    const auto parsed = std::from_chars(cell->data(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end) return number;
  }
  throw damaged_ledger(load_id, fmt::format("{} is {}", name, cell.value_or("NULL")));
}

}  // namespace chatload::ledger
