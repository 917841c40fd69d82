// A [[column]] of a mapping file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mapping/mapping_file.h"
#include "mapping/node_reader.h"

namespace chatload::mapping {

// Adds to the mapping's records what columns take from around them, and to its lookups the fields that they take.
class ColumnReader : NodeReader {
 public:
  // types: of columns that say none. null_if: the file's, for columns that say nothing of it. unknown: names the column
  // that takes unknown fields, or null.
  ColumnReader(std::string_view file, Mapping& mapping, const DeclaredTypes& types, std::vector<std::string> null_if,
               const toml::node* unknown);

  [[nodiscard]] Column read(const toml::table& table);

  // The first path that depends on the record's kind, or null.
  [[nodiscard]] const toml::node* kinds_at() const { return kinds_at_; }

 private:
  void read_type(const toml::table& table, Column& column) const;
  void take_type(const toml::node& name, Column& column) const;
  void read_lookup_field(const toml::node& node, const toml::table& table, Column& column);
  void read_origin(const toml::table& table, Column& column);
  void read_outer(const toml::node& node, Column& column);
  void read_constant(const toml::node& node, Column& column) const;
  void read_meta(const toml::node& node, Column& column) const;
  void read_paths(const toml::node* node, Column& column);
  [[nodiscard]] std::vector<PathStep> steps_of(const toml::node& node) const;
  void read_times(const toml::node* node, Column& column) const;
  void read_accepted(const toml::node* node, Column& column) const;
  void read_decode(const toml::node& node, Column& column) const;
  void read_null_texts(const toml::node* node, Column& column) const;

  Mapping& mapping_;
  const DeclaredTypes& types_;
  const std::vector<std::string> null_if_;
  const toml::node* const unknown_;
  const toml::node* kinds_at_ = nullptr;
};

}  // namespace chatload::mapping
