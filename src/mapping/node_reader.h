// What the readers of a mapping file's parts share: its nodes' values, and faults with their places.
#pragma once

#include <toml++/toml.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/mapping.h"

namespace chatload::mapping {

inline constexpr std::size_t kNameCharactersMax = 64;  // of a table, a column or an index

// Whoever reads derives from it. All throw UsageError, "file:line:column: sentence", for a node that is something else.
class NodeReader {
 protected:
  using Names = std::initializer_list<std::string_view>;

  // file: its name. Borrowed.
  explicit NodeReader(std::string_view file) : file_(file) {}

  [[noreturn]] void fail_at(std::uint32_t line, std::uint32_t column, std::string_view sentence) const;
  [[noreturn]] void fail(const toml::node& node, std::string_view sentence) const;
  [[noreturn]] void fail_inside(const toml::node& node, std::size_t at_bytes, std::string_view sentence) const;
  void require_known(const toml::table& table, Names names, std::string_view where) const;
  [[nodiscard]] const toml::node& required(const toml::table& table, std::string_view key, std::string_view of) const;
  [[nodiscard]] const std::string& text_of(const toml::node& node) const;
  [[nodiscard]] bool truth_of(const toml::node& node) const;
  [[nodiscard]] std::vector<const toml::node*> some(const toml::node& node) const;
  [[nodiscard]] std::vector<std::string> texts_of(const toml::node& node) const;
  [[nodiscard]] std::string name_of(const toml::node& node, std::string_view what) const;
  [[nodiscard]] std::vector<const toml::table*> tables_of(const toml::node& node, std::string_view name) const;
  [[nodiscard]] std::string number_or_text_of(const toml::node& node) const;
  void require_alone(const toml::table& table, Names names, std::string_view which) const;
  [[nodiscard]] std::size_t index_of(const Mapping& mapping, const toml::node& node) const;

  const std::string_view file_;
};

}  // namespace chatload::mapping
