// MySQL's JSON paths without wildcards, as mappings name values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mapping/mapping.h"

namespace chatload::mapping {

// `$.data.message`, `data.message`, `$."a key"[0]`. Between quotes a key is written as in JSON, with its escapes.
// Throws SyntaxError.
[[nodiscard]] std::vector<PathStep> parse_path(std::string_view text);

// `lines`, `values`, or the path of an array with [*] behind it: `$.Records[*]`, `$[*]`. Throws SyntaxError.
[[nodiscard]] RecordForm parse_records(std::string_view text);

}  // namespace chatload::mapping
