#include "source/object_version.h"

#include <fmt/format.h>

#include <charconv>

namespace chatload::source {

HttpHeaders ObjectVersion::conditions() const {
  if (has_strong_etag()) return {{"if-match", etag}};
  if (!last_modified.empty()) return {{"if-unmodified-since", last_modified}};
  return {};
}

bool ObjectVersion::differs(const HttpHeaders& headers) const {
  const std::string_view its_etag = header(headers, "etag");
  if (!etag.empty() && !its_etag.empty()) return its_etag != etag;
  const std::string_view its_time = header(headers, "last-modified");
  return !last_modified.empty() && !its_time.empty() && its_time != last_modified;
}

bool ObjectVersion::is_said_by(const HttpHeaders& headers) const {
  if (!etag.empty()) return header(headers, "etag") == etag;
  return header(headers, "last-modified") == last_modified;
}

std::string other_version(const std::string& name) {
  return fmt::format("{}: was replaced or written to while it was read; run the same command again.", name);
}

std::optional<std::uint64_t> parse_digits(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<ContentRange> content_range(const HttpHeaders& headers) {
  constexpr std::string_view kUnit = "bytes ";
  std::string_view text = header(headers, "content-range");
  if (!text.starts_with(kUnit)) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const std::size_t dash = text.find('-');
  const std::size_t slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || dash > slash) return std::nullopt;
  const auto first = parse_digits(text.substr(0, dash));
  const auto last = parse_digits(text.substr(dash + 1, slash - dash - 1));
  const auto bytes = parse_digits(text.substr(slash + 1));
  if (!first || !last || !bytes || *first > *last || *last >= *bytes) return std::nullopt;
  return ContentRange{*first, *last + 1, *bytes};
}

std::pair<std::string, std::string> range_header(std::uint64_t begin, std::uint64_t end) {
  return {"range", fmt::format("bytes={}-{}", begin, end - 1)};
}

}  // namespace chatload::source
