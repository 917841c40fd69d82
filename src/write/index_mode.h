// What becomes of the table's secondary indexes while it is loaded.
#pragma once

#include <string_view>

namespace chatload::write {

enum class IndexMode {
  kAuto,   // not decided yet: one of the others, by what the table is when the load begins
  kKeep,   // every row goes into them as it is written
  kDefer,  // dropped before the load and built once after it
};

[[nodiscard]] constexpr std::string_view to_string(IndexMode mode) {
  switch (mode) {
    case IndexMode::kAuto: return "auto";
    case IndexMode::kKeep: return "keep";
    case IndexMode::kDefer: return "defer";
  }
  return "";
}

}  // namespace chatload::write
