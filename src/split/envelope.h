// The JSON around an array of records: read byte by byte, and checked.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/record_form.h"
#include "base/units.h"
#include "split/range.h"

namespace chatload::split {

// Of documents that follow one another, each with one array at the path.
class Envelope {
 public:
  // Of a value at RecordForm::outer, as it is written.
  static constexpr std::size_t kOuterBytesMax = 16 * kKiB;

  // REQUIRES: fewer than kPathsMax outer paths.
  explicit Envelope(const RecordForm& form);

  struct Step {
    std::size_t bytes = 0;     // of the text that are taken
    bool is_at_array = false;  // the last of them is the array's bracket: its elements are for others to read
    std::string fault;         // instead: half a sentence about the byte behind them; empty where nothing is wrong
  };

  // REQUIRES: not inside the array.
  [[nodiscard]] Step read(std::string_view text);

  // The array's closing bracket was taken.
  void leave_array();

  // What stands in front of the document's array at the outer paths, as OuterValues::json has it.
  [[nodiscard]] OuterValues outer_values(std::uint32_t first_record) const;

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
  static constexpr std::size_t kPathsMax = 256;
  using Paths = std::bitset<kPathsMax>;  // places in paths_
  struct Container {
    bool is_array;
    Paths leading;            // paths that lead to it
    std::uint32_t index = 0;  // of the element at hand
  };
  // A value at outer paths, of which more is to come.
  struct Capture {
    Paths paths;
    std::size_t depth;  // containers around it
    std::string text;
  };

  [[nodiscard]] std::string take(char c, Step& step);
  [[nodiscard]] std::string begin_value(char c, Step& step);
  [[nodiscard]] std::string take_string_byte(char c);
  [[nodiscard]] std::string end_scalar();
  [[nodiscard]] Paths leading_here() const;
  [[nodiscard]] std::string begin_capture(char c, const Paths& leading);
  [[nodiscard]] std::string capture(char c);
  void keep(const Paths& paths, const std::string& text);
  void append_to_key(char c);
  void close();
  void end_value();

  const std::vector<std::vector<PathStep>> paths_;  // the array's, then the outer ones
  State state_ = State::kTop;
  std::vector<Container> open_;
  std::string key_;     // the last one, as it is written
  std::string scalar_;  // as far as it was read
  Paths scalar_paths_;  // that lead to it
  std::vector<Capture> captures_;
  std::vector<bool> is_misplaced_;  // by outer path
  std::vector<std::string> outer_;  // by outer path: what this document has there; empty where it has nothing yet
  bool is_key_cut_ = false;
  bool is_escaped_ = false;
  unsigned hex_digits_left_ = 0;
  std::size_t mark_bytes_ = 0;  // of a byte order mark that is under way
  bool has_array_ = false;      // this document has had it
  bool lacks_array_ = false;    // a document has ended without it
  bool has_begun_ = false;      // some document
};

}  // namespace chatload::split
