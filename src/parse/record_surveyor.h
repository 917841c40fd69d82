// Lines → what values stand in which fields (mapping/field_survey.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/padded_buffer.h"
#include "mapping/field_survey.h"
#include "parse/key_tree.h"
#include "parse/line_walker.h"
#include "parse/token_index.h"

namespace chatload::parse {

// Single-threaded. Members of objects within objects are fields, too; arrays are values, and so are objects with more
// members than a table has columns. Of a key that is there twice, the first counts, as in a load.
class RecordSurveyor {
 public:
  // values_max: of all fields together, that are remembered to find two that are equal; a field that would need more is
  // taken for one that has such.
  explicit RecordSurveyor(std::size_t values_max);
  ~RecordSurveyor();

  // A line without its line end.
  void add(PaddedView line);

  [[nodiscard]] mapping::FieldSurvey survey() const;

 private:
  using Token = const std::uint32_t*;
  struct Node;

  Token add_value(Token token, Node& node);
  Token add_members(Token token, Node& node);
  Token skip(Token token) const;
  void add_string(std::string_view raw, Node& node);
  void add_number(std::string_view text, Node& node);
  void remember(Node& node, std::string_view value);
  void collect(const Node& node, std::vector<std::string>& keys, mapping::FieldSurvey& survey) const;
  [[nodiscard]] std::string_view text_of(Token token) const;

  const KeyTree no_keys_;
  LineWalker walker_;
  TokenIndex index_;
  std::string_view line_;
  std::string scratch_;
  std::unique_ptr<Node> root_;
  std::uint64_t records_ = 0;
  std::uint64_t others_ = 0;
  std::size_t values_left_;
};

}  // namespace chatload::parse
