// What the token index guarantees (and walk() relies on): every string is closed and free of control characters, the
// text is UTF-8, and between one token's end and the next token's begin there is only JSON white space, where a string
// ends at its closing quote and any other token at the first white space or structural character. So what is left to
// check is the grammar over tokens, and the inside of numbers, literals and escapes.
//
// Tokens of the next line follow this line's: whoever looks at one asks whether it lies in the line, and sees a
// newline, which fits no rule, if it does not. The place among the tokens is handed from function to function in a
// register: kept in a member, each token waited for the store of the one before, at twice the time.
#include "parse/line_walker.h"

#include <algorithm>
#include <cstring>

#include "base/json_scalar.h"
#include "base/trim.h"

namespace chatload::parse {

WalkedLine LineWalker::walk(const IndexedLine& line) {
  block_ = line.block;
  line_end_ = line.text.data() + line.text.size();
  backslash_ = std::min(line.backslash, line_end_);
  std::fill(values_.begin(), values_.end(), JsonValue{});
  unescaped_bytes_ = 0;
  unmapped_.clear();
  if (backslash_ != line_end_ && unescaped_.size() < line.text.size() + kKeyOverreadBytes) {
    unescaped_ = std::vector<char>(line.text.size() + kKeyOverreadBytes);
  }

  const Token end = value(line.token, kRoot, 0);
  if (end == nullptr || block_ + *end < line_end_) return {LineShape::kInvalid, line.token};
  return {values_[kRoot].kind == JsonKind::kObject ? LineShape::kObject : LineShape::kOtherJson, end};
}

inline char LineWalker::first_byte(Token token) const {
  const char* const begin = block_ + *token;
  return begin < line_end_ ? *begin : '\n';
}

// A scalar has ended where the next token or white space begins.
inline bool LineWalker::ends_scalar(Token next, const char* end) const {
  return end >= line_end_ || end == block_ + *next || is_json_space(*end);
}

// Strings are passed in order, and outside of one a backslash is an error, so that backslash_ is never behind.
inline bool LineWalker::may_have_escapes(Token string) const { return block_ + string[1] > backslash_; }

inline LineWalker::Token LineWalker::string(Token token, JsonValue& value) {
  const char* const open_quote = block_ + *token++;
  const char* close_quote = std::min(block_ + *token, line_end_) - 1;
  while (*close_quote != '"') --close_quote;
  if (close_quote == open_quote) return nullptr;
  value.text = {open_quote + 1, static_cast<std::size_t>(close_quote - open_quote - 1)};
  if (close_quote <= backslash_) return token;

  const auto text = unescape(value.text, unescaped_.data() + unescaped_bytes_);
  if (!text) return nullptr;
  unescaped_bytes_ += text->size();
  value.text = *text;
  value.is_unescaped = true;
  const void* const backslash = std::memchr(close_quote, '\\', static_cast<std::size_t>(line_end_ - close_quote));
  backslash_ = backslash != nullptr ? static_cast<const char*>(backslash) : line_end_;
  return token;
}

inline LineWalker::Token LineWalker::text_value(Token token, NodeId node) {
  if (node != kIgnored) {
    values_[node].kind = JsonKind::kString;
    return string(token, values_[node]);
  }
  JsonValue ignored;
  return may_have_escapes(token) ? string(token, ignored) : token + 1;
}

template <std::size_t kSize>
inline LineWalker::Token LineWalker::literal(Token token, const char (&word)[kSize]) const {
  constexpr std::size_t kWordBytes = kSize - 1;
  const char* const begin = block_ + *token++;
  const bool matches = line_end_ - begin >= std::ptrdiff_t{kWordBytes} && std::memcmp(begin, word, kWordBytes) == 0;
  return matches && ends_scalar(token, begin + kWordBytes) ? token : nullptr;
}

template <std::size_t kSize>
inline LineWalker::Token LineWalker::boolean(Token token, const char (&word)[kSize], JsonValue& value) const {
  value.kind = JsonKind::kBoolean;
  value.text = {block_ + *token, kSize - 1};
  return literal(token, word);
}

// An object or array from its first token to the one in front of `end`, which closes it.
inline LineWalker::Token LineWalker::container(Token token, JsonValue& value, Token end) const {
  if (end != nullptr) value.text = {block_ + *token, end[-1] - *token + std::size_t{1}};
  return end;
}

LineWalker::Token LineWalker::value(Token token, NodeId node, std::size_t depth) {
  JsonValue ignored;
  JsonValue& value = node == kIgnored ? ignored : values_[node];
  switch (first_byte(token)) {
    case '"': return text_value(token, node);
    case '{':
      value.kind = JsonKind::kObject;
      return container(token, value, depth < kDepthMax ? object(token, node, depth + 1) : nullptr);
    case '[':
      value.kind = JsonKind::kArray;
      return container(token, value, depth < kDepthMax ? array(token, node, depth + 1) : nullptr);
    case 't': return boolean(token, "true", value);
    case 'f': return boolean(token, "false", value);
    case 'n': value.kind = JsonKind::kNull; return literal(token, "null");
    default: return number(token, value);
  }
}

LineWalker::Token LineWalker::object(Token token, NodeId node, std::size_t depth) {
  ++token;
  if (first_byte(token) == '}') return token + 1;
  const bool is_mapped = tree_.has_children(node) || (lists_unmapped_ && node == kRoot);
  NodeId* likely = &firsts_[node];
  for (;;) {
    if (first_byte(token) != '"') return nullptr;
    const Token key_token = token;
    bool is_unmapped = false;
    NodeId child = kIgnored;
    if (is_mapped || may_have_escapes(token)) {
      JsonValue key;
      token = string(token, key);
      if (token == nullptr) return nullptr;
      child = find_child(node, key.text, *likely);
      is_unmapped = lists_unmapped_ && is_mapped && child == kIgnored && !tree_.is_taken(node);
      if (child != kIgnored) likely = &nexts_[child];
      if (values_[child].kind != JsonKind::kMissing) child = kIgnored;
    } else {
      ++token;
    }
    if (first_byte(token) != ':') return nullptr;
    ++token;
    token = first_byte(token) == '"' ? text_value(token, child) : value(token, child, depth);
    if (token == nullptr) return nullptr;
    if (is_unmapped) list_unmapped(node, key_token, token);
    const char separator = first_byte(token++);
    if (separator == '}') return token;
    if (separator != ',') return nullptr;
  }
}

// The node of the key in the object at `node`. Lines of a log mostly have their keys in the same order.
inline NodeId LineWalker::find_child(NodeId node, std::string_view key, NodeId& likely) {
  if (likely != kIgnored && tree_.is_key(likely, key)) return likely;
  const NodeId found = tree_.child(node, key);
  if (found != kIgnored) likely = found;
  return found;
}

// end: the token behind its value.
void LineWalker::list_unmapped(NodeId holder, Token key, Token end) {
  const char* const begin = block_ + *key;
  const char* const behind = std::min(block_ + *end, line_end_);
  unmapped_.push_back({holder, trimmed({begin, static_cast<std::size_t>(behind - begin)})});
}

LineWalker::Token LineWalker::array(Token token, NodeId node, std::size_t depth) {
  ++token;
  if (first_byte(token) == ']') return token + 1;
  const bool is_mapped = tree_.has_elements(node);
  for (std::size_t index = 0;; ++index) {
    token = value(token, is_mapped ? tree_.element(node, index) : kIgnored, depth);
    if (token == nullptr) return nullptr;
    const char separator = first_byte(token++);
    if (separator == ']') return token;
    if (separator != ',') return nullptr;
  }
}

LineWalker::Token LineWalker::number(Token token, JsonValue& value) const {
  const char* const begin = block_ + *token;
  if (begin >= line_end_) return nullptr;
  ++token;
  const NumberShape shape = scan_number({begin, static_cast<std::size_t>(line_end_ - begin)});
  if (shape.size_bytes == 0 || !ends_scalar(token, begin + shape.size_bytes)) return nullptr;
  value.kind = shape.is_integer ? JsonKind::kInteger : JsonKind::kOtherNumber;
  value.text = {begin, shape.size_bytes};
  return token;
}

}  // namespace chatload::parse
