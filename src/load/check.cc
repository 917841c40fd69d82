#include "load/check.h"

#include "base/errors.h"
#include "base/log.h"
#include "load/duplicate_survey.h"
#include "load/input_reader.h"
#include "parse/row_batch.h"
#include "pipeline/range_sinks.h"
#include "spill/spill_store.h"

namespace chatload::load {
namespace {

Verdict find_duplicates(const cli::CheckPlan& plan, const mapping::Mapping& mapping, report::RejectWriter* rejects,
                        const StopSignal& stop) {
  if (!has_exact_key(mapping)) {
    throw UsageError(mapping.key.empty()
                         ? "--duplicates needs a mapping with a primary_key: without one, no record is a duplicate."
                         : "--duplicates is not possible with this key: which of its values are equal, only the server "
                           "knows.");
  }
  InputReader reader(plan.inputs, plan.read, plan.report, mapping, {.sorts = true});
  spill::SpillStore rows(plan.spill_dir, parse::layout_of(mapping), reader.spill_limits());
  DuplicateSurvey survey(rows, mapping);
  Verdict verdict = reader.run(survey, rejects, stop);
  if (verdict.status == report::RunStatus::kInterrupted) return verdict;
  try {
    verdict.duplicates = survey.compare(reader.limits(), plan.report.progress, stop);
  } catch (const Interrupted& error) {
    verdict.worsen(report::RunStatus::kInterrupted, error.exit_code());
  } catch (const EnvironmentError& error) {
    log_error(error.what());
    verdict.fail(error.exit_code());
  }
  return verdict;
}

}  // namespace

Verdict check_inputs(const cli::CheckPlan& plan, const mapping::Mapping& mapping, report::RejectWriter* rejects,
                     const StopSignal& stop) {
  if (plan.finds_duplicates) return find_duplicates(plan, mapping, rejects, stop);
  pipeline::CountingSink sink;
  return InputReader(plan.inputs, plan.read, plan.report, mapping, {}).run(sink, rejects, stop);
}

}  // namespace chatload::load
