// A seek index for people and for machines: chatload index --show.
#pragma once

#include <string>

#include "inflate/seek_index.h"

namespace chatload::report {

// Header and points, a line each; LINE is - where the index has no lines.
[[nodiscard]] std::string to_table(const inflate::SeekIndex& index);

// The same as one JSON object on one line: input, index, format, version, proof (sum or none), compressed_bytes or
// null, decompressed_bytes, lines or null, index_bytes, points. input: as the user wrote it.
[[nodiscard]] std::string to_json(const inflate::SeekIndex& index, const std::string& input);

}  // namespace chatload::report
