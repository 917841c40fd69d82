#include "base/errors.h"

namespace chatload {
namespace {

int badness(ExitCode code) {
  switch (code) {
    case ExitCode::kLoaded: return 0;
    case ExitCode::kLoadedWithRejects: return 1;
    case ExitCode::kInterrupted: return 2;
    case ExitCode::kBudgetExceeded: return 3;
    case ExitCode::kFailed: return 4;
    case ExitCode::kUsage: return 5;
  }
  return 5;
}

}  // namespace

ExitCode worse(ExitCode a, ExitCode b) { return badness(a) >= badness(b) ? a : b; }

}  // namespace chatload
