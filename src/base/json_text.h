// JSON on one line, for what we write: summaries, reject records, JSON logs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace chatload {

// Appends text to out as a JSON string with its quotes (RFC 8259 §7). Each byte that is no part of valid UTF-8 comes
// out as U+FFFD, so that the result is always valid JSON.
void append_json_string(std::string& out, std::string_view text);

// An object's members, in the order of the calls. Keys are ours, so that they need no escapes.
class JsonObject {
 public:
  void add(std::string_view key, std::string_view text) { append_json_string(value_of(key), text); }
  void add(std::string_view key, std::uint64_t number) { value_of(key) += std::to_string(number); }
  // null where there is none.
  template <typename Value>
  void add(std::string_view key, const std::optional<Value>& value) {
    value ? add(key, *value) : add_json(key, "null");
  }
  // A value that is JSON already.
  void add_json(std::string_view key, std::string_view json) { value_of(key) += json; }

  [[nodiscard]] std::string str() && {
    json_ += '}';
    return std::move(json_);
  }

 private:
  std::string& value_of(std::string_view key);

  std::string json_ = "{";
};

}  // namespace chatload
