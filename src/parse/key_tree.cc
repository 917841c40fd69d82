#include "parse/key_tree.h"

namespace chatload::parse {

KeyTree::KeyTree(const Mapping& mapping) : children_(2), parents_(2, kIgnored), paths_(mapping.fields.size()) {
  for (std::size_t field = 0; field < mapping.fields.size(); ++field) {
    for (const FieldPath& field_path : mapping.fields[field].paths) {
      NodeId node = kRoot;
      for (const std::string& key : field_path.keys) node = child_or_new(node, key);
      paths_[field].push_back({field_path.when, node});
    }
  }
}

NodeId KeyTree::child_or_new(NodeId parent, const std::string& key) {
  std::string padded = key;
  padded.resize(key.size() + kKeyOverreadBytes);
  const std::string_view readable = std::string_view(padded).substr(0, key.size());
  if (const NodeId known = child(parent, readable); known != kIgnored) return known;
  const auto node = static_cast<NodeId>(children_.size());
  children_[parent].push_back({head_of(readable), key, node});
  children_.emplace_back();
  parents_.push_back(parent);
  return node;
}

}  // namespace chatload::parse
