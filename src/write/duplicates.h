// What a line means whose id is in the table already.
#pragma once

#include <string_view>

namespace chatload::write {

enum class OnDuplicate {
  kSkip,     // the first valid line in file order stays; later ones count as duplicate
  kReplace,  // the last one stays; a line that replaces, or is replaced within its batch, counts as updated
  kFail,     // the run ends; committed ranges stay
};

[[nodiscard]] constexpr std::string_view to_string(OnDuplicate mode) {
  switch (mode) {
    case OnDuplicate::kSkip: return "skip";
    case OnDuplicate::kReplace: return "replace";
    case OnDuplicate::kFail: return "fail";
  }
  return "";
}

}  // namespace chatload::write
