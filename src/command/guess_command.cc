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
  const std::string text =
      mapping::guessed_mapping(load::survey_inputs(plan, stop), plan.table, plan.read.mapping->records);
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
