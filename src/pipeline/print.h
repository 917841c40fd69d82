// A command's answer.
#pragma once

#include <cstdio>
#include <string_view>

namespace chatload::pipeline {

// To standard output. Whether it was taken main looks once, at the end.
inline void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace chatload::pipeline
