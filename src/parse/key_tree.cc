#include "parse/key_tree.h"

#include <variant>

namespace chatload::parse {

KeyTree::KeyTree(const mapping::Mapping& mapping)
    : children_(2), elements_(2), parents_(2), paths_(mapping.columns.size()) {
  for (std::size_t column = 0; column < mapping.columns.size(); ++column) {
    for (const mapping::Path& path : mapping.columns[column].paths) {
      NodeId node = kRoot;
      for (const PathStep& step : path.steps) node = child_or_new(node, step);
      paths_[column].push_back({path.when, node});
    }
  }
  is_taken_.resize(nodes());
  for (const std::vector<Path>& paths : paths_) {
    for (const Path& path : paths) is_taken_[path.node] = true;
  }
  for (NodeId node = kRoot + 1; node < nodes(); ++node) {  // what holds a node has a lower number
    if (is_taken_[parent(node)] || is_element(node)) is_taken_[node] = true;
  }
}

NodeId KeyTree::child_or_new(NodeId parent, const PathStep& step) {
  if (const auto* index = std::get_if<std::uint32_t>(&step)) {
    if (const NodeId known = element(parent, *index); known != kIgnored) return known;
    const NodeId node = new_node({parent, true});
    elements_[parent].push_back({*index, node});
    return node;
  }
  const std::string& key = std::get<std::string>(step);
  std::string padded = key;
  padded.resize(key.size() + kKeyOverreadBytes);
  const std::string_view readable = std::string_view(padded).substr(0, key.size());
  if (const NodeId known = child(parent, readable); known != kIgnored) return known;
  const NodeId node = new_node({parent, false, key, head_of(readable)});
  children_[parent].push_back({head_of(readable), key, node});
  return node;
}

NodeId KeyTree::new_node(const Parent& parent) {
  children_.emplace_back();
  elements_.emplace_back();
  parents_.push_back(parent);
  return static_cast<NodeId>(parents_.size() - 1);
}

}  // namespace chatload::parse
