// A pattern of keys, as a shell's of paths: * and ? and […].
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace chatload::source {

// * stands for any characters but '/', none included; ? for one; [a-c] and [!a-c] ([^a-c]) for one that is, or is not,
// among these. A character is one of UTF-8, or a byte that is none. Unlike in a shell a leading '.' is nothing special,
// and neither is a backslash: [*] is the way to a star itself. A '[' that is never closed stands for itself.
class KeyPattern {
 public:
  explicit KeyPattern(std::string text) : text_(std::move(text)) {}

  [[nodiscard]] bool matches(std::string_view key) const;

  // What each key that matches begins with.
  [[nodiscard]] std::string_view literal_prefix() const;
  // Whether it stands for more than itself.
  [[nodiscard]] bool has_wildcards() const { return literal_prefix().size() < text_.size(); }

 private:
  std::string text_;
};

}  // namespace chatload::source
