#include "pipeline/print.h"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace chatload::pipeline {

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

ExitCode flush_answer(ExitCode exit_code) {
  if ((std::fflush(stdout) == 0 && std::ferror(stdout) == 0) || errno == EPIPE) return exit_code;
  spdlog::error("Standard output cannot be written: {}.", std::strerror(errno));
  return worse(exit_code, ExitCode::kFailed);
}

}  // namespace chatload::pipeline
