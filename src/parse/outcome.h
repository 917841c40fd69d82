// What becomes of a line: the outcomes and reject reasons of the row contract, and their counts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace chatload::parse {

// Stable names: they stand in summaries, reject files and the ledger.
enum class RejectReason : std::uint8_t {
  kInvalidJson,
  kInvalidUtf8,
  kNotAnObject,
  kMissingField,
  kNullField,
  kWrongType,
  kEmptyId,
  kTooLong,
  kBadTimestamp,
  kTimestampOutOfRange,
  kLineTooLong,
  kRefusedByServer,
  kOutOfRange,
  kTooPrecise,
  kBadNumber,
  kNotAMember,
  kBadEncoding,
  kUnknownField,
  kLookupMissing,
};
inline constexpr std::size_t kRejectReasonCount = 19;

[[nodiscard]] std::string_view to_string(RejectReason reason);
// The reason of that name; nothing where there is none.
[[nodiscard]] std::optional<RejectReason> reject_reason(std::string_view name);

// Lines of one range, of one run or of one load, by what the parser made of them:
// lines = valid + filtered + blank + rejected().
struct ParseCounts {
  std::uint64_t lines = 0;
  std::uint64_t valid = 0;
  std::uint64_t filtered = 0;
  std::uint64_t blank = 0;
  std::array<std::uint64_t, kRejectReasonCount> rejected_by_reason{};

  [[nodiscard]] std::uint64_t rejected() const;
  ParseCounts& operator+=(const ParseCounts& other);
};

}  // namespace chatload::parse
