#include "load/checked_files.h"

#include <algorithm>
#include <optional>

#include "load/content_digest.h"
#include "source/source_identity.h"

namespace chatload::load {

const std::string* CheckedFiles::same_as(const source::HeldFile& file, report::LiveStats& stats) const {
  const auto [first, last] = files_.equal_range(source::identify_source(file, std::nullopt).key);
  if (first == last) return nullptr;
  const std::string digest = content_digest(file, progress_, stats, stop_);
  const auto same = std::find_if(first, last, [&](const auto& entry) { return entry.second.digest == digest; });
  return same == last ? nullptr : &same->second.name;
}

void CheckedFiles::add(const source::HeldFile& file, const std::string& digest) {
  const source::SourceIdentity identity = source::identify_source(file, std::nullopt);
  if (identity.can_resume) files_.emplace(identity.key, Checked{file.name(), digest});
}

}  // namespace chatload::load
