// Descriptors 0 to 2 are open, whoever started the process.
#pragma once

namespace chatload {

// Call before anything else opens a file. A program may be started with standard streams closed (`<&- >&- 2>&-`); the
// next file, a socket to the server perhaps, would get such a number, and what is printed or logged would go into it.
// Opens /dev/null in place of each closed one. What is written there is lost, and reading from it is an error (EBADF),
// so that a closed standard input is not taken for an empty one. False where /dev/null cannot be opened.
[[nodiscard]] bool open_closed_standard_streams() noexcept;

}  // namespace chatload
