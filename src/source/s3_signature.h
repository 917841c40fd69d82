// AWS Signature Version 4 in an Authorization header, as S3 wants it ("Authenticating Requests: Using the Authorization
// Header" of the S3 API Reference).
#pragma once

#include <chrono>
#include <string_view>

#include "source/http_message.h"
#include "source/s3_credentials.h"

namespace chatload::source {

enum class S3Payload {
  kHashed,    // the body's SHA-256 is part of the signature
  kUnsigned,  // UNSIGNED-PAYLOAD: large bodies over TLS, which proves them already
};

// Adds x-amz-date, x-amz-content-sha256, x-amz-security-token and authorization, or replaces them where the request was
// signed before. The headers that the request has now are signed too, less those that proxies and HTTP clients change;
// headers added later are not. Nothing signed may be changed afterwards: the host is the URL's, its path is signed
// as it stands there, so it must be sent without normalising "/../" or "//".
//
// REQUIRES: the URL begins with http:// or https://, and the request has no header "host".
void sign_s3(HttpRequest& request, const S3Credentials& credentials, std::string_view region,
             std::chrono::system_clock::time_point now, S3Payload payload = S3Payload::kHashed);

}  // namespace chatload::source
