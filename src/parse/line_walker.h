// One line's tokens → is it JSON, and what stands at the mapped keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "parse/key_tree.h"

namespace chatload::parse {

enum class JsonKind : std::uint8_t { kMissing, kNull, kBoolean, kInteger, kOtherNumber, kString, kObject, kArray };

struct JsonValue {
  JsonKind kind = JsonKind::kMissing;
  bool is_unescaped = false;  // of a string: its text is not what stands between the quotes
  // A string's content; a number, a boolean, an object or an array as it is written; else empty.
  std::string_view text;
};

enum class LineShape : std::uint8_t { kObject, kOtherJson, kInvalid };

// Containers within containers that are legal; the root is the first.
inline constexpr std::size_t kDepthMax = 1024;

struct WalkedLine {
  LineShape shape;
  const std::uint32_t* next_token;  // the first that is not the line's; if invalid, some token of the line
};

// A line in a block that TokenIndex has indexed.
struct IndexedLine {
  const char* block;           // what the tokens are offsets in
  const std::uint32_t* token;  // the line's first; those behind it reach to one at or past the line's end
  std::string_view text;       // the line, without its line end
  const char* backslash;       // the line's first; at or past its end if it has none
};

// A member of an object, which no path leads to or through.
struct UnmappedMember {
  NodeId holder;          // the object
  std::string_view text;  // its key, the colon and its value, as they are written
};

// Single-threaded; keeps its memory for the next line. Borrows the tree.
class LineWalker {
 public:
  explicit LineWalker(const KeyTree& tree, bool lists_unmapped = false)
      : tree_(tree),
        values_(tree.nodes()),
        firsts_(tree.nodes()),
        nexts_(tree.nodes()),
        lists_unmapped_(lists_unmapped) {}

  // Checks the whole line, whatever is mapped.
  [[nodiscard]] WalkedLine walk(const IndexedLine& line);

  // After kObject: what the key's first occurrence holds, until the next walk.
  [[nodiscard]] const JsonValue& at(NodeId node) const { return values_[node]; }

  // After kObject, where they are listed: of objects of which no column takes the whole, in the line's order.
  [[nodiscard]] std::span<const UnmappedMember> unmapped() const { return unmapped_; }

  // After kObject: whether text of a value was unescaped, so that it lives until the next walk only. Other text lies in
  // the line.
  [[nodiscard]] bool owns(std::string_view text) const {
    return unescaped_bytes_ > 0 && text.data() >= unescaped_.data() &&
           text.data() < unescaped_.data() + unescaped_bytes_;
  }

  // What a walker takes at most beside the tree's nodes: text is unescaped to a buffer, the old one lives while it
  // grows.
  [[nodiscard]] static std::size_t memory_bytes(std::size_t line_bytes_max) {
    return 2 * (line_bytes_max + kKeyOverreadBytes);
  }

 private:
  using Token = const std::uint32_t*;

  // Each takes its first token and returns the first that it did not take, or null where the grammar is broken.
  Token value(Token token, NodeId node, std::size_t depth);
  Token object(Token token, NodeId node, std::size_t depth);
  Token array(Token token, NodeId node, std::size_t depth);
  Token text_value(Token token, NodeId node);
  Token string(Token token, JsonValue& value);
  Token number(Token token, JsonValue& value) const;
  template <std::size_t kSize>
  Token literal(Token token, const char (&word)[kSize]) const;
  template <std::size_t kSize>
  Token boolean(Token token, const char (&word)[kSize], JsonValue& value) const;
  Token container(Token token, JsonValue& value, Token end) const;

  char first_byte(Token token) const;
  void list_unmapped(NodeId holder, Token key, Token end);
  NodeId find_child(NodeId node, std::string_view key, NodeId& likely);
  bool may_have_escapes(Token string) const;
  bool ends_scalar(Token next, const char* end) const;

  const KeyTree& tree_;
  std::vector<JsonValue> values_;  // by node; kIgnored's stays missing
  // What is likely, as it was so in a line before: by an object, its first mapped member, and by a member, the next.
  std::vector<NodeId> firsts_;
  std::vector<NodeId> nexts_;
  const bool lists_unmapped_;
  std::vector<UnmappedMember> unmapped_;
  std::vector<char> unescaped_;  // as long as the longest line with escapes yet; a line's texts fit one after another
  std::size_t unescaped_bytes_ = 0;
  const char* block_ = nullptr;
  const char* line_end_ = nullptr;
  const char* backslash_ = nullptr;  // the first at or behind the token at hand, or the line's end
};

}  // namespace chatload::parse
