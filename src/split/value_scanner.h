// Where a JSON object or array ends, by its brackets and strings alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace chatload::split {

// Reads one value after the other, each in pieces of any size. Brackets of either kind close either, a quote behind a
// backslash is none, outside of strings, too, and what stands between them may be anything: whoever parses the value
// finds that out.
class ValueScanner {
 public:
  struct Step {
    std::size_t bytes = 0;       // of the text that belong to the value
    bool has_ended = false;      // with the last of them
    bool is_bad_string = false;  // instead: the byte behind them is a control character inside a string
  };

  // The value goes on with `text`; a new one begins with its bracket. After has_ended the next one begins a new value.
  [[nodiscard]] Step scan(std::string_view text);

 private:
  std::uint64_t depth_ = 0;    // brackets that are open
  bool is_in_string_ = false;  // behind what was scanned
  bool is_next_escaped_ = false;
};

}  // namespace chatload::split
