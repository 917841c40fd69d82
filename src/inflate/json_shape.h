// The shape of a text that may be JSON: one value a line, one value over many lines, or values joined in one line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace chatload::inflate {

// Reads the beginning of a text by the grammar of RFC 8259 §2 to §5, values of any kind at the top, white space between
// them or nothing. Numbers and literals may be any letters and digits: what matters is where values begin and end.
class JsonShape {
 public:
  explicit JsonShape(std::string_view text);

  // No byte contradicts the grammar.
  [[nodiscard]] bool is_sound() const { return state_ != State::kFault; }
  // The text does not end inside a value.
  [[nodiscard]] bool is_closed() const { return state_ == State::kTop; }

  std::size_t values = 0;             // at the top, complete
  std::size_t elements = 0;           // objects and arrays directly inside an array at the top, complete
  std::size_t object_lines = 0;       // lines that are one object and nothing else: what a log has
  std::size_t joints = 0;             // two values at the top with no line end between
  std::size_t line_ends_inside = 0;   // inside a value
  std::size_t line_ends_between = 0;  // of the values at the top
  // Of the first object at the top: how many values are arrays that begin with an object, and the first one's key, as
  // it is written.
  std::size_t row_arrays = 0;
  std::string rows_key;

 private:
  enum class State { kTop, kValue, kValueOrEnd, kKey, kKeyOrEnd, kColon, kAfter, kFault };

  void step();
  void open(char bracket, State next);
  void close(char bracket);
  void see_line_end();
  bool take_string();
  bool take_scalar();

  std::string_view text_;
  std::size_t at_ = 0;
  State state_ = State::kTop;
  std::vector<char> open_;            // the brackets around at_
  std::string key_;                   // the last one directly inside a value at the top
  bool is_one_line_ = true;           // of the value at the top that at_ is in, or was last
  bool line_is_lone_object_ = false;  // this line has one complete object so far, and nothing else
  std::size_t values_in_line_ = 0;    // at the top, complete, since the last line end
};

}  // namespace chatload::inflate
