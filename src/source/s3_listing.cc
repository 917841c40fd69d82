// ListObjectsV2 of the S3 API Reference: at most 1,000 keys a page, and a token for the next one.
#include "source/s3_listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <pugixml.hpp>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/errors.h"
#include "base/percent_encoding.h"
#include "base/quantity.h"
#include "source/key_pattern.h"
#include "source/s3_error.h"

namespace chatload::source {
namespace {

bool is_prefix(const S3Location& location) { return location.key.empty() || location.key.ends_with('/'); }

[[noreturn]] void throw_no_list(const S3Location& location, std::string_view what) {
  throw SourceError(fmt::format("{}: the server's list of objects {}; check that AWS_ENDPOINT_URL_S3 is an S3 server",
                                location.text(), what));
}

ListedObject read_object(const pugi::xml_node& contents, bool is_encoded, const S3Location& location) {
  const std::string_view key = contents.child_value("Key");
  const std::string_view size = contents.child_value("Size");
  ListedObject object{is_encoded ? percent_decode(key, Plus::kSpace) : std::string(key)};
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), object.size_bytes);
  if (key.empty() || error != std::errc() || end != size.data() + size.size()) {
    throw_no_list(location, "has one without a key or a size");
  }
  object.etag = contents.child_value("ETag");
  // Some servers leave the quotes out here, and send them with the object.
  if (!object.etag.empty() && !object.etag.ends_with('"')) object.etag = '"' + object.etag + '"';
  return object;
}

}  // namespace

bool may_name_several(const S3Location& location) {
  return is_prefix(location) || KeyPattern(location.key).has_wildcards();
}

std::vector<ListedObject> list_s3_objects(const S3Location& location, const S3Settings& settings,
                                          const SignedAsk& ask) {
  const KeyPattern pattern(location.key);
  const bool is_pattern = pattern.has_wildcards();
  const std::string prefix(is_pattern ? pattern.literal_prefix() : location.key);
  const auto is_wanted = [&](const ListedObject& object) {
    if (object.size_bytes == 0 && object.key.ends_with('/')) return false;
    if (is_pattern) return pattern.matches(object.key);
    return is_prefix(location) ? object.key.starts_with(prefix) : object.key == prefix;
  };

  std::vector<ListedObject> found;
  std::string token;
  for (;;) {
    const HttpResponse answer = ask(s3_list_request(location.bucket, prefix, token, settings));
    if (answer.status != kHttpOk) {
      throw SourceError(s3_error_sentence(read_s3_error(answer, settings.region), location.text(), settings,
                                          std::chrono::system_clock::now()));
    }
    pugi::xml_document xml;
    // Of a text that breaks off the document has what came before.
    const bool is_whole = bool(xml.load_buffer(answer.body.data(), answer.body.size()));
    const pugi::xml_node list = xml.child("ListBucketResult");
    if (!is_whole || !list) throw_no_list(location, "cannot be read");
    const bool is_encoded = std::string_view(list.child_value("EncodingType")) == "url";
    for (const pugi::xml_node& contents : list.children("Contents")) {
      ListedObject object = read_object(contents, is_encoded, location);
      if (!is_wanted(object)) continue;
      if (found.size() == kListedObjectsMax) {
        throw SourceError(fmt::format("{}: more than {} objects; name fewer of them at a time", location.text(),
                                      format_count(kListedObjectsMax)));
      }
      found.push_back(std::move(object));
    }
    if (std::string_view(list.child_value("IsTruncated")) != "true") break;
    std::string next = list.child_value("NextContinuationToken");
    if (next.empty() || next == token) throw_no_list(location, "does not go on where its page ends");
    token = std::move(next);
  }
  // AWS's directory buckets list in an order of their own.
  std::sort(found.begin(), found.end(), [](const ListedObject& a, const ListedObject& b) { return a.key < b.key; });
  return found;
}

}  // namespace chatload::source
