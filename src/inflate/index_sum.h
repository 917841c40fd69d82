// What a seek index file lacks: whose it is, checksums, and where its points are in their members. It stands beside the
// index, in a file of ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "inflate/member_place.h"

namespace chatload::inflate {

// Of a point.
struct PointSum {
  std::uint32_t window_crc = 0;  // CRC-32 of its window as it is stored, of nothing 0
  MemberPlace place;
};

struct IndexSum {
  std::string gzip_key;  // source::SourceIdentity::key of the gzip
  std::uint64_t index_bytes = 0;
  std::uint32_t index_crc = 0;  // SeekTable::crc
  std::vector<PointSum> points;
};

// chat.json.gz.gzi → chat.json.gz.gzi.sum
[[nodiscard]] std::filesystem::path sum_path(const std::filesystem::path& index);

// Places the file, whole. Throws EnvironmentError.
void write_index_sum(const std::filesystem::path& index, const IndexSum& sum);

// Nothing where there is no such file. Throws SeekIndexError where there is one that cannot be read or is damaged.
// points: how many the index has.
[[nodiscard]] std::optional<IndexSum> read_index_sum(const std::filesystem::path& index, std::size_t points);

}  // namespace chatload::inflate
