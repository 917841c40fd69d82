// Which version of an object is read: all its bytes are of that one, or reading fails.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "source/http_message.h"

namespace chatload::source {

struct ObjectVersion {
  std::uint64_t bytes = 0;
  std::string etag;           // as the server writes it, quotes and all; may be empty
  std::string last_modified;  // the same

  // RFC 9110 §8.8.1: one that is the same only where every byte is. Without one nothing tells two versions apart.
  [[nodiscard]] bool has_strong_etag() const { return etag.starts_with('"'); }
  [[nodiscard]] bool can_be_pinned() const { return !etag.empty() || !last_modified.empty(); }

  // The headers with which a server refuses (412) to give bytes of another version.
  [[nodiscard]] HttpHeaders conditions() const;
  // Whether an answer's headers are of another version, by what they say.
  [[nodiscard]] bool differs(const HttpHeaders& headers) const;
  // Whether they say that they are of this one, of one that can be pinned: a page that a proxy gives instead does not.
  [[nodiscard]] bool is_said_by(const HttpHeaders& headers) const;
};

// The sentence of an object that is another version now.
[[nodiscard]] std::string other_version(const std::string& name);

// "bytes FIRST-LAST/SIZE" of a 206, RFC 9110 §14.4.
struct ContentRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t object_bytes = 0;
};
[[nodiscard]] std::optional<ContentRange> content_range(const HttpHeaders& headers);

// The header for some bytes. REQUIRES: begin < end.
[[nodiscard]] std::pair<std::string, std::string> range_header(std::uint64_t begin, std::uint64_t end);

// A sentence: the object of that name is of another version now.
[[nodiscard]] std::string other_version(const std::string& name);

// A number of decimal digits, and nothing else.
[[nodiscard]] std::optional<std::uint64_t> parse_digits(std::string_view text);

}  // namespace chatload::source
