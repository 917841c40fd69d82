// A command's answer.
#pragma once

#include <string_view>

#include "base/errors.h"

namespace chatload::command {

// To standard output; flush_answer() says at the end whether it was taken.
void print(std::string_view text);

// The command's exit code, or a worse one, with a word about it, where standard output has not taken all of the answer.
// A reader who has seen enough and went away (EPIPE) is no failure. errno is what the last failed write left.
[[nodiscard]] ExitCode flush_answer(ExitCode exit_code);

}  // namespace chatload::command
