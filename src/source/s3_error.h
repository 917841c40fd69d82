// What S3 says when it does not do what it was asked ("Error responses" of the S3 API Reference), and what to do then.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "source/http_message.h"
#include "source/s3_settings.h"

namespace chatload::source {

enum class S3Failure {
  kSignature,     // the secret is not that of the key ID
  kKeyId,         // nobody has this key ID
  kExpired,       // the session token has expired, or is none
  kAccessDenied,  // or, without the right to list the bucket, no such object
  kNoSuchKey,
  kNoSuchBucket,
  kRegion,  // the bucket is in another one
  kClock,   // ours and the server's differ by more than 15 minutes
  kBusy,    // may be asked again after a while
  kOther,
};

// An answer to HEAD has no body: what its status and headers alone say leaves code and message empty.
struct S3Error {
  S3Failure failure = S3Failure::kOther;
  int status = 0;
  std::string code = {};
  std::string message = {};
  std::string region = {};  // of the bucket, where the server says so
  std::string request_id = {};
  std::optional<std::chrono::system_clock::time_point> server_time = {};
};

// our_region: what the request was signed for. REQUIRES: the answer's status is 300 or more.
[[nodiscard]] S3Error read_s3_error(const HttpResponse& answer, std::string_view our_region);

// One sentence. name: as the user wrote it. now: our time when the answer came.
[[nodiscard]] std::string s3_error_sentence(const S3Error& error, std::string_view name, const S3Settings& settings,
                                            std::chrono::system_clock::time_point now);

}  // namespace chatload::source
