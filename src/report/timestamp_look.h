// A value that is no time in seconds → what it looks like.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace chatload::report {

struct TimestampLook {
  std::string name;    // as in "the timestamps look like ..."
  std::string filter;  // jq's expression that makes seconds of the value; empty where none does
};

// json: the value as it stands in the line, a string with its quotes. Nothing where it looks like no time that is
// known. Pure.
[[nodiscard]] std::optional<TimestampLook> timestamp_look(std::string_view json);

}  // namespace chatload::report
