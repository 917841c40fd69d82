#include "load/verdict.h"

namespace chatload::load {

void Verdict::worsen(report::RunStatus with_status, ExitCode with_exit_code) {
  if (worse(exit_code, with_exit_code) == exit_code) return;
  status = with_status;
  exit_code = with_exit_code;
}

void Verdict::fail(ExitCode with_exit_code) {
  const bool has_bad_lines = with_exit_code == ExitCode::kBudgetExceeded;
  worsen(has_bad_lines ? report::RunStatus::kBudgetExceeded : report::RunStatus::kFailed, with_exit_code);
}

}  // namespace chatload::load
