// chatload guess: a mapping for a log.
#include <optional>
#include <string>

#include "base/placed_file.h"
#include "command/commands.h"
#include "command/print.h"
#include "load/guess.h"
#include "mapping/guess.h"

namespace chatload::command {

ExitCode run_guess(const cli::GuessPlan& plan, const StopSignal& stop) {
  const mapping::FieldSurvey survey = load::survey_inputs(plan, stop);
  const std::string text = plan.is_difference
                               ? mapping::guessed_difference(survey, *plan.read.mapping)
                               : mapping::guessed_mapping(survey, plan.table, plan.read.mapping->records);
  if (!plan.output) {
    print(text);
    return ExitCode::kLoaded;
  }
  PlacedFile file("The mapping cannot be written to", *plan.output, Placing::kWhenWhole);
  file.write(text);
  file.close();
  return ExitCode::kLoaded;
}

}  // namespace chatload::command
