// Text of unknown origin → text of an HTML page.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace chatload::report {

// Nothing in the result is markup, in an element or in a quoted attribute. Control bytes and bytes that are not UTF-8
// come out as \xNN. Of more than bytes_max bytes the beginning, and "…" (terminal_text()).
[[nodiscard]] std::string html_text(std::string_view text, std::size_t bytes_max);

}  // namespace chatload::report
