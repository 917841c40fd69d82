// A made-up chat log: line number → the line's bytes, each made independently of all others.
#pragma once

#include <cstdint>
#include <string>

#include "splitmix64.h"

namespace chatload::bench {

enum class IdKind { kUuidV1, kUuidV4 };

struct ChatLogShape {
  std::uint64_t lines = 2'000'000;
  std::uint64_t seed = 1;
  IdKind ids = IdKind::kUuidV1;
  double duplicates_percent = 5;
  double malformed_percent = 0.5;  // as many again are odd but valid, and a tenth of as many blank
  double other_types_percent = 5;
};

enum class LineKind : std::uint8_t { kPlain, kDuplicate, kOtherType, kMalformed, kOdd, kBlank };

// What a line says, apart from its text.
struct ChatRow {
  std::uint64_t id_of_line = 0;  // the id is the one that this line owns
  bool is_status = false;
  bool from_operator = false;
  std::uint32_t person = 0;
  std::uint32_t site = 0;
  std::int64_t timestamp_seconds = 0;
};

// Immutable; a line depends on the shape and its number alone, so nothing is kept of earlier lines, however many.
class ChatLog {
 public:
  explicit ChatLog(ChatLogShape shape);

  // Appends line `number` (0-based, below shape.lines) with its line end.
  void append_line(std::uint64_t number, std::string& out) const;

  [[nodiscard]] LineKind kind(std::uint64_t number) const;

  // The id that line `number` owns, whether or not the line shows it: unique, 36 characters.
  void append_id(std::uint64_t number, std::string& out) const;

 private:
  [[nodiscard]] SplitMix64 random_of(std::uint64_t number) const;
  [[nodiscard]] std::uint64_t ticks_of(std::uint64_t number) const;
  [[nodiscard]] ChatRow plain_row(std::uint64_t number, SplitMix64& random) const;
  [[nodiscard]] ChatRow duplicate_row(std::uint64_t number, SplitMix64& random) const;

  ChatLogShape shape_;
  std::uint64_t seed_mixed_;
  std::uint64_t ticks_per_line_;
  std::uint64_t per_million_[5];  // upper bounds, by LineKind from kDuplicate on
};

}  // namespace chatload::bench
