#include "source/s3_location.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "base/percent_encoding.h"
#include "base/terminal_text.h"

namespace chatload::source {
namespace {

constexpr std::string_view kScheme = "s3://";
constexpr std::string_view kLettersAndDigits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr std::size_t kShownBytesMax = 200;

bool is_made_of(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

// Buckets of other servers, and the oldest ones of AWS, have names that are no host's.
bool is_host_name(std::string_view bucket, bool may_have_dots) {
  return bucket.size() >= 3 && bucket.size() <= 63 &&
         is_made_of(bucket, may_have_dots ? "abcdefghijklmnopqrstuvwxyz0123456789-."
                                          : "abcdefghijklmnopqrstuvwxyz0123456789-") &&
         bucket.front() != '-' && bucket.back() != '-' && bucket.front() != '.' && bucket.back() != '.';
}

// AWS's certificate is for one name before ".s3", so a bucket with dots would not pass its check.
bool is_in_host(std::string_view bucket, const S3Settings& settings) {
  switch (settings.addressing_style) {
    case AddressingStyle::kPath: return false;
    case AddressingStyle::kVirtualHost: return is_host_name(bucket, true);
    case AddressingStyle::kAuto: break;
  }
  return settings.endpoint.empty() && is_host_name(bucket, false);
}

// Without a '/' at its end where the bucket is in the path.
std::string bucket_url(const std::string& bucket, const S3Settings& settings) {
  const std::string endpoint = settings.endpoint.empty()
                                   ? fmt::format("https://s3.{}.{}", settings.region, aws_domain(settings.region))
                                   : settings.endpoint;
  if (!is_in_host(bucket, settings)) return endpoint + '/' + percent_encode(bucket);
  const std::size_t host = endpoint.find("://") + 3;
  return endpoint.substr(0, host) + bucket + '.' + endpoint.substr(host);
}

HttpRequest get(std::string url, const S3Settings& settings) {
  HttpRequest request{"GET", std::move(url)};
  if (settings.requester_pays) request.headers.emplace_back("x-amz-request-payer", "requester");
  return request;
}

}  // namespace

bool is_s3_location(std::string_view text) { return text.starts_with(kScheme); }

S3Location parse_s3_location(std::string_view text) {
  const auto refuse = [text](std::string_view why) {
    throw UsageError(fmt::format("{}: {}", terminal_text(text, kShownBytesMax), why));
  };
  const std::string_view rest = text.substr(kScheme.size());
  const std::size_t bucket_end = std::min(rest.find('/'), rest.size());
  S3Location location{std::string(rest.substr(0, bucket_end)), std::string(rest.substr(bucket_end))};
  if (!location.key.empty()) location.key.erase(0, 1);

  if (text.find('\0') != std::string_view::npos) refuse("a key has no NUL bytes; take it out");
  if (location.bucket.empty()) refuse("no bucket is named; write s3://BUCKET/KEY");
  if (location.bucket.starts_with("arn:")) {
    refuse("an ARN does not name a bucket here; write the access point's alias, s3://ALIAS/KEY");
  }
  if (!is_made_of(location.bucket, std::string(kLettersAndDigits) + "-_.")) {
    refuse("a bucket's name has letters, digits, '-', '_' and '.' only; write s3://BUCKET/KEY");
  }
  return location;
}

HttpRequest s3_object_request(const S3Location& location, const S3Settings& settings) {
  return get(bucket_url(location.bucket, settings) + '/' + percent_encode(location.key, Slash::kKept), settings);
}

HttpRequest s3_list_request(const std::string& bucket, std::string_view prefix, std::string_view token,
                            const S3Settings& settings) {
  std::string url = bucket_url(bucket, settings) + "/?";
  if (!token.empty()) url += "continuation-token=" + percent_encode(token) + '&';
  // Keys may have characters that XML cannot say.
  url += "encoding-type=url&list-type=2&prefix=" + percent_encode(prefix);
  return get(std::move(url), settings);
}

}  // namespace chatload::source
