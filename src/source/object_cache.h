// --cache-dir: objects that were read from their first byte to their last, kept as files.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "source/input.h"

namespace chatload::source {

// The object, of which what is kept in the folder is read there. What is not, is kept once it was read as a whole, from
// its beginning: a file of the version's name, in its place when all of it has reached the disk. What cannot be kept is
// read all the same. Nothing is ever removed. REQUIRES: object.can_seek().
[[nodiscard]] std::shared_ptr<const Input> cached(std::shared_ptr<const Input> object,
                                                  const std::filesystem::path& folder);

}  // namespace chatload::source
