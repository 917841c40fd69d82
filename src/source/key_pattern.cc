// After a mismatch only the last star takes one character more. It is enough: no star takes a '/', so the parts between
// slashes match one by one, and within a part whatever an earlier star could give up the last one can take too. The
// time is at most pattern × key, however many stars there are.
#include "source/key_pattern.h"

#include <algorithm>
#include <optional>

#include "base/utf8.h"

namespace chatload::source {
namespace {

constexpr std::string_view kWildcards = "*?[";

// REQUIRES: text is not empty.
std::string_view first_character(std::string_view text) {
  return text.substr(0, std::max<std::size_t>(utf8_sequence_bytes(text), 1));
}

// UTF-8 and code points have one order, so that characters compare as bytes.
bool is_among(std::string_view character, std::string_view set) {
  while (!set.empty()) {
    const std::string_view low = first_character(set);
    set.remove_prefix(low.size());
    std::string_view high = low;
    if (set.size() >= 2 && set.front() == '-') {
      high = first_character(set.substr(1));
      set.remove_prefix(1 + high.size());
    }
    if (low <= character && character <= high) return true;
  }
  return false;
}

// "[…]" that the pattern begins with.
struct Brackets {
  std::string_view set;
  bool is_negated;
  std::size_t bytes;
};

std::optional<Brackets> brackets_at(std::string_view pattern) {
  const bool is_negated = pattern.size() > 1 && (pattern[1] == '!' || pattern[1] == '^');
  const std::size_t begin = is_negated ? 2 : 1;
  // A ']' that comes first is one of the set.
  const std::size_t end = pattern.find(']', begin + 1);
  if (end == std::string_view::npos) return std::nullopt;
  return Brackets{pattern.substr(begin, end - begin), is_negated, end + 1};
}

// Bytes of the pattern that stand for this character; 0 where it is another one. REQUIRES: neither is empty, and the
// pattern does not begin with a star.
std::size_t matched_bytes(std::string_view pattern, std::string_view character) {
  if (pattern.front() == '?') return character == "/" ? 0 : 1;
  if (pattern.front() == '[') {
    if (const auto brackets = brackets_at(pattern)) {
      const bool fits = character != "/" && is_among(character, brackets->set) != brackets->is_negated;
      return fits ? brackets->bytes : 0;
    }
  }
  const std::string_view literal = first_character(pattern);
  return literal == character ? literal.size() : 0;
}

}  // namespace

bool KeyPattern::matches(std::string_view key) const {
  std::string_view pattern = text_;
  std::optional<std::string_view> after_star;  // the pattern from there on
  std::string_view taken_from;                 // the key that was left when the star had taken what it has now
  for (;;) {
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      after_star = pattern;
      taken_from = key;
      continue;
    }
    if (key.empty() && pattern.empty()) return true;
    if (!key.empty() && !pattern.empty()) {
      const std::string_view character = first_character(key);
      if (const std::size_t bytes = matched_bytes(pattern, character); bytes > 0) {
        pattern.remove_prefix(bytes);
        key.remove_prefix(character.size());
        continue;
      }
    }
    if (!after_star || taken_from.empty() || taken_from.front() == '/') return false;
    taken_from.remove_prefix(first_character(taken_from).size());
    pattern = *after_star;
    key = taken_from;
  }
}

std::string_view KeyPattern::literal_prefix() const {
  std::string_view text = text_;
  std::size_t end = text.find_first_of(kWildcards);
  while (end != std::string_view::npos && text[end] == '[' && !brackets_at(text.substr(end))) {
    end = text.find_first_of(kWildcards, end + 1);
  }
  return text.substr(0, end);
}

}  // namespace chatload::source
