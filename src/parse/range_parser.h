// A range's bytes → rows, rejects and counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "mapping/mapping.h"
#include "parse/row_batch.h"
#include "parse/row_filter.h"

namespace chatload::parse {

// Parses one range at a time by schema/row-contract.md. Single-threaded: every thread has its own. Deterministic:
// the result depends on the range's bytes, the mapping, the filter and line_bytes_max alone.
class RangeParser {
 public:
  // line_bytes_max: a line longer than this (without its "\n" or "\r\n") is line_too_long. lists_filtered: parse()
  // fills parsed.filtered, too.
  RangeParser(const mapping::Mapping& mapping, const RowFilter& filter, std::uint32_t line_bytes_max,
              bool lists_filtered = false);
  RangeParser(RangeParser&&) noexcept;
  RangeParser& operator=(RangeParser&&) noexcept;
  ~RangeParser();

  // Fills rows, rejects and counts of `parsed` from parsed.range, replacing what they held; rows borrow from it.
  // NULs and byte order marks at a line's begin are no part of it.
  void parse(ParsedRange& parsed);

  // Replaces parsed.rejects by the next ones, and leaves all else alone. REQUIRES: parsed.has_more_rejects, and that
  // parsed is as parse() or this left it; another parser of the same settings may have done so.
  void parse_more_rejects(ParsedRange& parsed);

  // Replaces parsed.rejects by the first ones again, and leaves all else alone. REQUIRES: parse() has been called.
  void parse_first_rejects(ParsedRange& parsed);

  // What a parser takes at most, beside the ParsedRange: a term of the peak-memory sum, times the parsers.
  [[nodiscard]] static std::size_t memory_bytes_max(std::uint32_t line_bytes_max);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Empties rows and rejects of `parsed`, and sets counts to the lines that parse() would count, all else zero.
void count_lines(ParsedRange& parsed);

}  // namespace chatload::parse
