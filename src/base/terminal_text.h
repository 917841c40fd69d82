// Text of unknown origin → text that a terminal may be shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace chatload {

// Nothing in the result moves a cursor: C0, DEL, C1 and bytes that are not UTF-8 come out as \xNN. Of more than
// bytes_max bytes the beginning, cut between characters, and "…".
[[nodiscard]] std::string terminal_text(std::string_view text, std::size_t bytes_max);

// Whether terminal_text() would change nothing, whatever the length.
[[nodiscard]] bool is_terminal_text(std::string_view text);

}  // namespace chatload
