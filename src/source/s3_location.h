// Where an object is in S3, and the requests that ask for it.
#pragma once

#include <string>
#include <string_view>

#include "source/http_message.h"
#include "source/s3_settings.h"

namespace chatload::source {

// s3://BUCKET/KEY. All that follows the first '/' is the key, byte by byte: nothing in it is decoded, and it may begin
// with '/' or have "//" within. Empty where the bucket alone is named.
struct S3Location {
  std::string bucket;
  std::string key;

  [[nodiscard]] std::string text() const { return "s3://" + bucket + '/' + key; }
};

[[nodiscard]] bool is_s3_location(std::string_view text);

// REQUIRES: is_s3_location(text). Throws UsageError: no bucket, a bucket whose name cannot be one, a NUL.
[[nodiscard]] S3Location parse_s3_location(std::string_view text);

// A GET of the object, and of the bucket's list of objects (ListObjectsV2) that begin with a prefix; token: from the
// page before. Both have what the settings say of payment and lack a signature. Their paths may have "/../" and "//",
// which must be sent as they are.
[[nodiscard]] HttpRequest s3_object_request(const S3Location& location, const S3Settings& settings);
[[nodiscard]] HttpRequest s3_list_request(const std::string& bucket, std::string_view prefix, std::string_view token,
                                          const S3Settings& settings);

}  // namespace chatload::source
