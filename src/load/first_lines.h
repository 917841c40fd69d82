// The first lines of an input, looked at before anything is written: an input of which none can be loaded ends at once.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/errors.h"
#include "base/stop_signal.h"
#include "cli/plan.h"
#include "mapping/mapping.h"
#include "parse/outcome.h"
#include "parse/row_filter.h"
#include "report/reject_writer.h"
#include "source/byte_source.h"
#include "source/input.h"

namespace chatload::load {

// Lines that are not blank. An input is hopeless if its first so many are rejected, or all where it has fewer.
inline constexpr std::uint64_t kFirstLinesMax = 10'000;
// A hopeless input of no more lines than these is read like any other one, so that all of them are kept.
inline constexpr std::uint64_t kHopelessRejectsMax = 1'000;

class HopelessInputError : public BudgetExceededError {
 public:
  HopelessInputError(const std::string& sentence, const parse::ParseCounts& lines)
      : BudgetExceededError(sentence), lines_(lines) {}
  // That were looked at.
  [[nodiscard]] const parse::ParseCounts& lines() const { return lines_; }

 private:
  parse::ParseCounts lines_;
};

// The lines that were filtered out before the first valid one, by their type.
using FilteredTypes = std::map<std::string, std::uint64_t>;

// An input that is yet to be read from its beginning, whatever of it was looked at.
struct LookedAtInput {
  std::unique_ptr<source::ByteSource> bytes;
  FilteredTypes filtered_types;
};

// Opens an input, and looks at its lines up to the first one that is valid. Throws ForeignContentError for what is no
// log (inflate/log_stream.h), and HopelessInputError. Of a hopeless input the first rejects are in the log then, as
// many as RejectSink shows, and the first kHopelessRejectsMax, or 4 MiB of them, in `rejects`, which may be null. All
// else that is wrong with the input is left to those who read it next. What is read of a pipe is kept, for it cannot be
// read again; at 16 MiB the look ends without a verdict.
[[nodiscard]] LookedAtInput open_and_look(const source::Input& file, const cli::ReadPlan& read,
                                          const mapping::Mapping& mapping, report::RejectWriter* rejects,
                                          const StopSignal& stop);

// A warning where every line of what was read to its end was filtered out. counts: by all runs. types: may be empty,
// where nobody has looked.
void say_if_all_filtered(const std::string& input, const parse::ParseCounts& counts, const FilteredTypes& types,
                         const mapping::Mapping& mapping, const parse::RowFilter& filter);

}  // namespace chatload::load
