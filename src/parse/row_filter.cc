#include "parse/row_filter.h"

#include <algorithm>

namespace chatload::parse {
namespace {

bool any_of(const std::vector<std::string>& accepted, std::string_view text) {
  return accepted.empty() || std::find(accepted.begin(), accepted.end(), text) != accepted.end();
}

}  // namespace

bool RowFilter::passes_type(std::string_view type) const { return any_of(types, type); }

bool RowFilter::passes_rest(std::string_view site, std::int64_t time_seconds) const {
  return time_seconds >= since_seconds && time_seconds < until_seconds && any_of(sites, site);
}

}  // namespace chatload::parse
