// What a record of an input is.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace chatload {

using PathStep = std::variant<std::string, std::uint32_t>;  // a key, or an element's index from 0

struct RecordForm {
  enum class Kind : std::uint8_t {
    kLines,     // each line
    kValues,    // each JSON value: they follow one another, with white space between them or nothing
    kElements,  // each element of one array in each JSON document; documents follow one another as values do
  };

  Kind kind = Kind::kLines;
  std::vector<PathStep> array;                    // of kElements: where it stands, from the document's root
  std::vector<std::vector<PathStep>> outer = {};  // and values in front of it that its records are read with

  [[nodiscard]] bool is_lines() const { return kind == Kind::kLines; }
};

}  // namespace chatload
