// The [[only]] of a mapping file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mapping/node_reader.h"

namespace chatload::mapping {

// Adds to the mapping's conditions, which are on its columns.
class ConditionReader : NodeReader {
 public:
  ConditionReader(std::string_view file, Mapping& mapping) : NodeReader(file), mapping_(mapping) {}

  void read(const toml::node& node);

 private:
  [[nodiscard]] std::vector<std::string> compared_values(const toml::node& node, const toml::node& name,
                                                         const Column& column) const;
  [[nodiscard]] Bound bound_of(const toml::node& node, Bound::Kind kind, const Column& column) const;

  Mapping& mapping_;
};

}  // namespace chatload::mapping
