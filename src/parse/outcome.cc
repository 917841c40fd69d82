#include "parse/outcome.h"

#include <numeric>

namespace chatload::parse {

std::string_view to_string(RejectReason reason) {
  switch (reason) {
    case RejectReason::kInvalidJson: return "invalid_json";
    case RejectReason::kInvalidUtf8: return "invalid_utf8";
    case RejectReason::kNotAnObject: return "not_an_object";
    case RejectReason::kMissingField: return "missing_field";
    case RejectReason::kNullField: return "null_field";
    case RejectReason::kWrongType: return "wrong_type";
    case RejectReason::kEmptyId: return "empty_id";
    case RejectReason::kTooLong: return "too_long";
    case RejectReason::kBadTimestamp: return "bad_timestamp";
    case RejectReason::kTimestampOutOfRange: return "timestamp_out_of_range";
    case RejectReason::kLineTooLong: return "line_too_long";
    case RejectReason::kRefusedByServer: return "refused_by_server";
    case RejectReason::kOutOfRange: return "out_of_range";
    case RejectReason::kTooPrecise: return "too_precise";
    case RejectReason::kBadNumber: return "bad_number";
    case RejectReason::kNotAMember: return "not_a_member";
    case RejectReason::kBadEncoding: return "bad_encoding";
    case RejectReason::kUnknownField: return "unknown_field";
    case RejectReason::kLookupMissing: return "lookup_missing";
  }
  return "unknown";
}

std::optional<RejectReason> reject_reason(std::string_view name) {
  for (std::size_t index = 0; index < kRejectReasonCount; ++index) {
    const auto reason = static_cast<RejectReason>(index);
    if (to_string(reason) == name) return reason;
  }
  return std::nullopt;
}

std::uint64_t ParseCounts::rejected() const {
  return std::accumulate(rejected_by_reason.begin(), rejected_by_reason.end(), std::uint64_t{0});
}

ParseCounts& ParseCounts::operator+=(const ParseCounts& other) {
  lines += other.lines;
  valid += other.valid;
  filtered += other.filtered;
  blank += other.blank;
  for (std::size_t i = 0; i < kRejectReasonCount; ++i) rejected_by_reason[i] += other.rejected_by_reason[i];
  return *this;
}

}  // namespace chatload::parse
