// A mapping's paths as a tree of keys, compiled once: which keys of a line matter, and where each field's value lies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/mapping.h"

namespace chatload::parse {

using NodeId = std::uint32_t;
inline constexpr NodeId kIgnored = 0;  // the node of every value that no path leads to or through
inline constexpr NodeId kRoot = 1;

// Keys are compared eight bytes at once, whatever their length.
inline constexpr std::size_t kKeyOverreadBytes = sizeof(std::uint64_t);

// Immutable.
class KeyTree {
 public:
  explicit KeyTree(const mapping::Mapping& mapping);

  [[nodiscard]] std::size_t nodes() const { return children_.size(); }
  [[nodiscard]] bool has_children(NodeId node) const { return !children_[node].empty(); }
  [[nodiscard]] bool has_elements(NodeId node) const { return !elements_[node].empty(); }
  // Whether a column takes what stands there, or what holds it, as a whole; an array counts as a whole.
  [[nodiscard]] bool is_taken(NodeId node) const { return is_taken_[node]; }
  // The key that leads to it in the object that holds it.
  [[nodiscard]] std::string_view key(NodeId node) const { return parents_[node].key; }
  // Whether the node is that of `key` in the object that holds it. REQUIRES: as child().
  [[nodiscard]] bool is_key(NodeId node, std::string_view key) const {
    return parents_[node].head == head_of(key) && parents_[node].key.size() == key.size() &&
           has_tail(parents_[node].key, key);
  }

  // The node of the element at `index` in the array at `parent`, or kIgnored.
  [[nodiscard]] NodeId element(NodeId parent, std::size_t index) const {
    for (const Element& element : elements_[parent]) {
      if (element.index == index) return element.node;
    }
    return kIgnored;
  }

  // The node of `key` in the object at `parent`, or kIgnored. REQUIRES: kKeyOverreadBytes can be read behind the key's
  // first byte.
  [[nodiscard]] NodeId child(NodeId parent, std::string_view key) const {
    const std::uint64_t head = head_of(key);
    for (const Child& child : children_[parent]) {
      if (child.head == head && child.key.size() == key.size() && has_tail(child.key, key)) return child.node;
    }
    return kIgnored;
  }

  // Where the column's value lies in a record of this kind; kIgnored if no path applies.
  [[nodiscard]] NodeId node(std::size_t column, std::string_view kind) const {
    for (const Path& path : paths_[column]) {
      if (path.when.empty() || path.when == kind) return path.node;
    }
    return kIgnored;
  }

  // The node of the object or array that holds it; the root's is kIgnored.
  [[nodiscard]] NodeId parent(NodeId node) const { return parents_[node].node; }
  // Whether it is an array that holds it.
  [[nodiscard]] bool is_element(NodeId node) const { return parents_[node].is_array; }

 private:
  struct Child {
    std::uint64_t head;  // of the key
    std::string key;
    NodeId node;
  };
  struct Element {
    std::size_t index;
    NodeId node;
  };
  struct Parent {
    NodeId node = kIgnored;
    bool is_array = false;
    std::string key = {};
    std::uint64_t head = 0;  // of the key
  };
  struct Path {
    std::string when;
    NodeId node;
  };

  // The key's first eight bytes, with zeros for those behind its end.
  static std::uint64_t head_of(std::string_view key) {
    std::uint64_t head = 0;
    std::memcpy(&head, key.data(), sizeof(head));
    return key.size() < sizeof(head) ? head & ((std::uint64_t{1} << 8 * key.size()) - 1) : head;
  }
  static bool has_tail(std::string_view own, std::string_view key) {
    constexpr std::size_t kHeadBytes = sizeof(std::uint64_t);
    return key.size() <= kHeadBytes || key.substr(kHeadBytes) == own.substr(kHeadBytes);
  }

  NodeId child_or_new(NodeId parent, const PathStep& step);
  NodeId new_node(const Parent& parent);

  std::vector<std::vector<Child>> children_;    // by node
  std::vector<std::vector<Element>> elements_;  // by node
  std::vector<Parent> parents_;                 // by node
  std::vector<std::vector<Path>> paths_;        // by column
  std::vector<bool> is_taken_;                  // by node
};

}  // namespace chatload::parse
