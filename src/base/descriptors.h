// How many files the process may have open.
#pragma once

#include <cstddef>
#include <string_view>

namespace chatload {

// Of any command beside its connections: its inputs and outputs, what the resolver and the libraries open for a moment.
inline constexpr std::size_t kDescriptorsOfCommand = 16;

// Throws EnvironmentError, which names the limit and what is needed, where the process cannot open `count` more files.
// remedy: what else helps, as the end of a sentence; may be empty. Not to be called while other threads open files.
void require_free_descriptors(std::size_t count, std::string_view remedy);

}  // namespace chatload
