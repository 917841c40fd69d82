// A command's answer.
#pragma once

#include <cstdio>
#include <string_view>

namespace chatload::pipeline {

// To standard output; main checks at the end whether it was taken.
inline void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace chatload::pipeline
