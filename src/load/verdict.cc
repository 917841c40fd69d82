#include "load/verdict.h"

namespace chatload::load {

void Verdict::worsen(report::RunStatus with_status, ExitCode with_exit_code) {
  if (worse(exit_code, with_exit_code) == exit_code) return;
  status = with_status;
  exit_code = with_exit_code;
}

}  // namespace chatload::load
