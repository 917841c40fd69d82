#include "load/source.h"

#include <fmt/format.h>

#include "base/errors.h"
#include "base/quantity.h"
#include "source/held_file.h"

namespace chatload::load {

std::shared_ptr<const source::Input> LoadSource::open() const {
  if (file) return file;
  auto opened = std::make_shared<const source::HeldFile>(name);
  if (opened->stamp() == identity.stamp) return opened;
  throw SourceError(
      fmt::format("{}: was replaced or written to since this run looked at it; run the same command again.", name));
}

std::optional<std::uint64_t> total_bytes(std::span<LoadSource* const> sources) {
  std::uint64_t total = 0;
  for (const LoadSource* const source : sources) {
    if (!source->identity.bytes) return std::nullopt;
    total += *source->identity.bytes;
  }
  return total;
}

std::string name_of_all(std::string_view first, std::size_t count) {
  return count <= 1 ? std::string(first) : fmt::format("{} and {} more", first, format_count(count - 1));
}

}  // namespace chatload::load
