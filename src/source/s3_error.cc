#include "source/s3_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <pugixml.hpp>
#include <utility>

#include "base/quantity.h"
#include "base/terminal_text.h"
#include "source/wire_time.h"

namespace chatload::source {
namespace {

using std::chrono::system_clock;

constexpr std::size_t kCodeBytesMax = 64;
constexpr std::size_t kMessageBytesMax = 200;

struct Meaning {
  std::string_view code;
  S3Failure failure;
};

constexpr std::array kMeanings = {
    Meaning{"SignatureDoesNotMatch", S3Failure::kSignature},
    Meaning{"InvalidAccessKeyId", S3Failure::kKeyId},
    Meaning{"ExpiredToken", S3Failure::kExpired},
    Meaning{"TokenRefreshRequired", S3Failure::kExpired},
    Meaning{"InvalidToken", S3Failure::kExpired},
    Meaning{"AccessDenied", S3Failure::kAccessDenied},
    Meaning{"NoSuchKey", S3Failure::kNoSuchKey},
    Meaning{"NoSuchBucket", S3Failure::kNoSuchBucket},
    Meaning{"PermanentRedirect", S3Failure::kRegion},
    Meaning{"TemporaryRedirect", S3Failure::kRegion},
    Meaning{"AuthorizationHeaderMalformed", S3Failure::kRegion},
    Meaning{"IllegalLocationConstraintException", S3Failure::kRegion},
    Meaning{"RequestTimeTooSkewed", S3Failure::kClock},
    Meaning{"SlowDown", S3Failure::kBusy},
    Meaning{"ServiceUnavailable", S3Failure::kBusy},
    Meaning{"InternalError", S3Failure::kBusy},
    Meaning{"RequestTimeout", S3Failure::kBusy},
};

S3Failure meaning_of_status(int status) {
  switch (status) {
    case 301:
    case 307:
    case 400: return S3Failure::kRegion;
    case 403: return S3Failure::kAccessDenied;
    case 404: return S3Failure::kNoSuchKey;
    case 429:
    case 500:
    case 502:
    case 503:
    case 504: return S3Failure::kBusy;
    default: return S3Failure::kOther;
  }
}

S3Failure meaning_of(int status, std::string_view code) {
  if (code.empty()) return meaning_of_status(status);
  const auto* const found =
      std::find_if(kMeanings.begin(), kMeanings.end(), [code](const Meaning& one) { return one.code == code; });
  return found == kMeanings.end() ? S3Failure::kOther : found->failure;
}

// "the clock of this machine is 16 min behind the server's".
std::string clock_difference(const S3Error& error, system_clock::time_point now) {
  if (!error.server_time) return "this machine's clock differs too much from the server's";
  const auto ahead = std::chrono::round<std::chrono::minutes>(now - *error.server_time);
  return fmt::format("this machine's clock is {} {} the server's", format_duration(std::chrono::abs(ahead)),
                     ahead.count() < 0 ? "behind" : "ahead of");
}

struct Advice {
  std::string what;
  std::string next;
};

Advice access_denied(const S3Error& error, const S3Settings& settings) {
  if (settings.anonymous) return {"it is not public", "read it with credentials instead of anonymously"};
  const std::string_view missing =
      "access is denied, or it does not exist and these credentials may not list its bucket";
  if (error.code.empty()) return {std::string(missing), "check the name, the credentials and their permissions"};
  return {
      std::string(missing),
      "check the name, and ask for s3:GetObject on it (for a prefix or a pattern also s3:ListBucket on its bucket)"};
}

Advice advice_on(const S3Error& error, const S3Settings& settings, system_clock::time_point now) {
  switch (error.failure) {
    case S3Failure::kSignature:
      return {"the secret access key does not belong to the access key ID",
              "check AWS_SECRET_ACCESS_KEY, or the profile that AWS_PROFILE names"};
    case S3Failure::kKeyId:
      return {"the server does not know the access key ID",
              "check AWS_ACCESS_KEY_ID or AWS_PROFILE, and that AWS_ENDPOINT_URL_S3 is the server that gave it"};
    case S3Failure::kExpired:
      return {"the credentials have expired, or their session token is wrong",
              "log in again or set a new AWS_SESSION_TOKEN with its keys, then run the same command again"};
    case S3Failure::kAccessDenied: return access_denied(error, settings);
    case S3Failure::kNoSuchKey:
      return {error.code.empty() ? "there is no such object, or no such bucket" : "there is no such object",
              "check the name, byte by byte: case and spaces count"};
    case S3Failure::kNoSuchBucket:
      return {"there is no such bucket", "check its name, and that AWS_ENDPOINT_URL_S3 is the right server"};
    case S3Failure::kRegion:
      return {fmt::format("the bucket is in the region {}, and the request was for {}", error.region, settings.region),
              fmt::format("set AWS_REGION={} and run the same command again", error.region)};
    case S3Failure::kClock: return {clock_difference(error, now), "set the clock and run the same command again"};
    case S3Failure::kBusy: return {"the server is too busy", "wait a few minutes and run the same command again"};
    case S3Failure::kOther: break;
  }
  if (error.status == 400 && error.code.empty()) {
    return {"the server takes it for a bad request, and says no more", "check that the credentials have not expired"};
  }
  return {error.message.empty() ? fmt::format("the server answered with status {}", error.status)
                                : fmt::format("the server refused: {}", error.message),
          "correct what it names, then run the same command again"};
}

}  // namespace

S3Error read_s3_error(const HttpResponse& answer, std::string_view our_region) {
  pugi::xml_document xml;
  xml.load_buffer(answer.body.data(), answer.body.size());
  const pugi::xml_node said = xml.child("Error");

  S3Error error;
  error.status = answer.status;
  error.code = terminal_text(said.child_value("Code"), kCodeBytesMax);
  error.message = terminal_text(said.child_value("Message"), kMessageBytesMax);
  error.region = terminal_text(said.child_value("Region"), kCodeBytesMax);
  if (error.region.empty()) error.region = terminal_text(header(answer.headers, "x-amz-bucket-region"), kCodeBytesMax);
  error.request_id = terminal_text(said.child_value("RequestId"), kCodeBytesMax);
  if (error.request_id.empty()) {
    error.request_id = terminal_text(header(answer.headers, "x-amz-request-id"), kCodeBytesMax);
  }
  error.server_time = read_http_date(header(answer.headers, "date"));
  error.failure = meaning_of(answer.status, error.code);
  if (error.failure == S3Failure::kRegion && (error.region.empty() || error.region == our_region)) {
    error.failure = S3Failure::kOther;
  }
  return error;
}

std::string s3_error_sentence(const S3Error& error, std::string_view name, const S3Settings& settings,
                              system_clock::time_point now) {
  const Advice advice = advice_on(error, settings, now);
  std::string said = error.code.empty() ? fmt::format("status {}", error.status) : error.code;
  if (!error.request_id.empty()) said += ", request " + error.request_id;
  return fmt::format("{}: {} ({}); {}", name, advice.what, said, advice.next);
}

}  // namespace chatload::source
