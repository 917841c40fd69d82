// The JSON around an array of records: read byte by byte, and checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/record_form.h"

namespace chatload::split {

// Of documents that follow one another, each with one array at the path.
class Envelope {
 public:
  explicit Envelope(std::vector<PathStep> array) : path_(std::move(array)) {}

  struct Step {
    std::size_t bytes = 0;     // of the text that are taken
    bool is_at_array = false;  // the last of them is the array's bracket: its elements are for others to read
    std::string fault;         // instead: half a sentence about the byte behind them; empty where nothing is wrong
  };

  // REQUIRES: not inside the array.
  [[nodiscard]] Step read(std::string_view text);

  // The array's closing bracket was taken.
  void leave_array();

  // What is wrong where the text ends here; empty where nothing is.
  [[nodiscard]] std::string fault_at_end() const;

 private:
  enum class State : std::uint8_t {
    kTop,           // in front of a document, or behind one
    kValue,         // one has to come
    kValueOrClose,  // the first of an array
    kKey,
    kKeyOrClose,  // the first of an object
    kColon,
    kAfter,  // a comma or a bracket
    kString,
    kKeyText,
    kScalar,
  };
  struct Container {
    bool is_array;
    bool is_on_path;
    std::uint32_t index = 0;  // of the element at hand
  };

  [[nodiscard]] std::string take(char c, Step& step);
  [[nodiscard]] std::string begin_value(char c, Step& step);
  [[nodiscard]] std::string take_string_byte(char c);
  [[nodiscard]] std::string end_scalar();
  [[nodiscard]] bool is_wanted() const;
  void append_to_key(char c);
  void close();
  void end_value();

  const std::vector<PathStep> path_;
  State state_ = State::kTop;
  std::vector<Container> open_;
  std::string key_;     // the last one, as it is written
  std::string scalar_;  // as far as it was read
  bool is_key_cut_ = false;
  bool is_escaped_ = false;
  unsigned hex_digits_left_ = 0;
  std::size_t mark_bytes_ = 0;  // of a byte order mark that is under way
  bool has_array_ = false;      // this document has had it
  bool lacks_array_ = false;    // a document has ended without it
  bool has_begun_ = false;      // some document
};

}  // namespace chatload::split
