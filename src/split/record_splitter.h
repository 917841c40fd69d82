// Ranges of whole records that are no lines: JSON values, or the elements of an array.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "inflate/decoded_stream.h"
#include "split/envelope.h"
#include "split/range_splitter.h"
#include "split/value_scanner.h"

namespace chatload::split {

// A range ends at begin + range_bytes, or where the record ends that reaches beyond, or with its kRecordsMax-th
// or SplitLimits::records_max()-th record.
// One without a record is longer, until its buffer is full; a record that does not fit into it any more is the next
// one's. What stands around records is a part of ranges, too.
//
// An input is corrupt, from that byte on, where brackets do not close, a string holds a control character, something
// other than what the form has stands between records, or a record is longer than line_bytes_max. It throws then.
class RecordSplitter final : public RangeSplitter {
 public:
  static constexpr std::size_t kRecordsMax = 65'536;
  static constexpr std::size_t kReadBytesMax = 256 * kKiB;  // at once: what is read too much is copied

  RecordSplitter(inflate::DecodedStream& stream, SplitLimits limits, const RecordForm& form, std::string name);

  [[nodiscard]] std::optional<Range> next(PaddedBuffer buffer) override;

 private:
  enum class Place : std::uint8_t {
    kEnvelope,     // around the array
    kFirst,        // behind the array's bracket
    kBehind,       // behind an element
    kNext,         // behind a comma
    kBetween,      // of values
    kContainer,    // inside a record
    kText,         // inside one that is a string
    kEscapedText,  // behind its backslash
    kWord,         // inside one that is a number or a literal
  };

  [[nodiscard]] bool is_in_record() const { return place_ >= Place::kContainer; }
  void put_record_back();
  void scan(Range& range, std::size_t size);
  void begin_array();
  [[nodiscard]] bool take_between(char c);
  void begin_record(char c);
  void scan_record(Range& range, std::string_view text);
  void end_record(Range& range);
  [[nodiscard]] bool is_full(const Range& range) const;
  void end(Range& range);
  [[noreturn]] void fail(std::size_t at, std::string_view what) const;

  inflate::DecodedStream& stream_;
  const SplitLimits limits_;
  const bool is_array_;
  const bool has_outer_;
  const std::size_t records_max_;  // of a range
  const std::string name_;
  Envelope envelope_;
  ValueScanner scanner_;
  Place place_;
  Place place_before_ = Place::kBetween;  // the record at hand
  RangeBegin begin_;                      // of the next range
  std::string carry_;                     // read behind the end of the range before
  OuterValues outer_;                     // of the document at hand
  bool is_outer_new_ = true;              // its first record, or the range's, is to come
  bool ended_ = false;                    // the stream said so; it is not asked again
  std::size_t at_ = 0;                    // in the range: what is scanned
  std::size_t record_begin_ = 0;
  std::size_t mark_bytes_ = 0;  // of a byte order mark that is under way, between values
};

}  // namespace chatload::split
