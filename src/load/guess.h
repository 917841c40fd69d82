// The lines of some inputs → what values stand in their fields.
#pragma once

#include "base/stop_signal.h"
#include "cli/plan.h"
#include "mapping/field_survey.h"

namespace chatload::load {

// Of all inputs, or of as many bytes of text as the plan says. One thread reads, some 200 MB/s. Logs a warning where
// each input is one line with an array of objects, which --records could read. Throws what reading an input throws,
// LoadError where no line is a JSON object, and Interrupted after a stop.
[[nodiscard]] mapping::FieldSurvey survey_inputs(const cli::GuessPlan& plan, const StopSignal& stop);

}  // namespace chatload::load
