// INPUT arguments → the inputs to read.
#pragma once

#include <string>
#include <vector>

#include "source/opener.h"

namespace chatload::cli {

// Keeps the order given and expands globs that the shell left alone, each in sorted order (glob(3)); a path that exists
// is taken as it is, whatever characters it holds. Throws UsageError: no input, an empty one, a glob without a match,
// "-" twice or where standard input is closed (base/standard_streams.h). Throws SourceError where a server is asked
// what there is, and does not say.
[[nodiscard]] std::vector<std::string> expand_inputs(const std::vector<std::string>& arguments, source::Opener& opener);

}  // namespace chatload::cli
