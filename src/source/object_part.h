// A few bytes of an object, by a request of their own.
#pragma once

#include <cstdint>
#include <span>

#include "source/fetching.h"
#include "source/object_address.h"
#include "source/object_version.h"

namespace chatload::source {

// Fills `out` with the version's bytes from the offset on. Waits. Throws SourceError: it is another version now, is
// refused, or does not come for too long. REQUIRES: the object has them, and out is not empty.
void fetch_part(const Fetching& fetching, const ObjectAddress& address, const ObjectVersion& version,
                std::uint64_t offset, std::span<char> out);

}  // namespace chatload::source
