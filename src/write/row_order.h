// In which order rows reach the table.
#pragma once

#include <string_view>

namespace chatload::write {

enum class RowOrder {
  kAuto,  // not decided yet
  kFile,  // ranges as they come, each sorted by key
  kKey,   // sorted by key over the whole load
};

[[nodiscard]] constexpr std::string_view to_string(RowOrder order) {
  return order == RowOrder::kAuto ? "auto" : order == RowOrder::kFile ? "file" : "key";
}

}  // namespace chatload::write
