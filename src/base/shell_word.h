// Text → a word of a command line that people can paste.
#pragma once

#include <string>
#include <string_view>

namespace chatload {

// One word of a POSIX shell, quoted where it needs to be.
[[nodiscard]] std::string shell_word(std::string_view text);

}  // namespace chatload
