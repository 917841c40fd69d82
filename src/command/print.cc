#include "command/print.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/log.h"

namespace chatload::command {

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

ExitCode flush_answer(ExitCode exit_code) {
  if ((std::fflush(stdout) == 0 && std::ferror(stdout) == 0) || errno == EPIPE) return exit_code;
  log_error(fmt::format("Standard output cannot be written: {}.", std::strerror(errno)));
  return worse(exit_code, ExitCode::kFailed);
}

}  // namespace chatload::command
