#include "source/s3_address.h"

#include <chrono>
#include <utility>

#include "base/errors.h"
#include "source/s3_error.h"
#include "source/s3_signature.h"

namespace chatload::source {

HttpRequest S3Signer::sign(HttpRequest request) const {
  request.may_log_in = false;  // a store knows its own credentials only
  const std::shared_ptr<const S3Credentials> credentials = credentials_->get();
  if (!credentials) return request;
  {
    const std::lock_guard lock(mutex_);
    if (expired_ && expired_->session_token == credentials->session_token && expired_->key_id == credentials->key_id) {
      throw SourceError(why_expired_);
    }
    used_ = credentials;
  }
  sign_s3(request, *credentials, settings_.region, std::chrono::system_clock::now());
  return request;
}

std::string S3Signer::refusal(const HttpResponse& answer, const std::string& name) const {
  return s3_error_sentence(read_s3_error(answer, settings_.region), name, settings_, std::chrono::system_clock::now());
}

// Of requests that were on their way at once, all are refused; those that come late were signed with what is forgotten
// by then.
bool S3Signer::may_pass(const HttpRequest& asked, const HttpResponse& answer) const {
  const S3Error error = read_s3_error(answer, settings_.region);
  if (error.failure == S3Failure::kBusy || is_passing_status(answer.status)) return true;
  if (error.failure != S3Failure::kExpired) return false;
  const std::lock_guard lock(mutex_);
  if (!used_) return false;
  if (used_ != expired_ && header(asked.headers, "x-amz-security-token") == used_->session_token) {
    expired_ = used_;
    why_expired_ = refusal(answer, "S3");
    credentials_->forget(used_);
  }
  return true;
}

HttpRequest S3Address::get(HttpHeaders headers) const {
  HttpRequest request = s3_object_request(location_, signer_->settings());
  request.headers.insert(request.headers.end(), headers.begin(), headers.end());
  return signer_->sign(std::move(request));
}

}  // namespace chatload::source
