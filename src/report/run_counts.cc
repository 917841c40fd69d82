#include "report/run_counts.h"

namespace chatload::report {

bool RunCounts::load_adds_up() const {
  return parsed.lines == inserted + updated + duplicate + parsed.filtered + parsed.rejected() + parsed.blank;
}

bool RunCounts::check_adds_up() const {
  return parsed.lines == parsed.valid + parsed.filtered + parsed.rejected() + parsed.blank;
}

}  // namespace chatload::report
