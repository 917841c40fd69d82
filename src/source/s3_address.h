// An object in S3, as it is asked for.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "source/object_address.h"
#include "source/s3_credentials.h"
#include "source/s3_location.h"
#include "source/s3_settings.h"

namespace chatload::source {

// Signs what a command asks S3 for. Thread-safe.
class S3Signer {
 public:
  S3Signer(S3Settings settings, std::shared_ptr<S3CredentialChain> credentials)
      : settings_(std::move(settings)), credentials_(std::move(credentials)) {}

  [[nodiscard]] const S3Settings& settings() const { return settings_; }
  // Waits for credentials. Throws SourceError, also where they are still those that the server says have expired.
  [[nodiscard]] HttpRequest sign(HttpRequest request) const;
  // A sentence about a refusal; name: of what was asked for.
  [[nodiscard]] std::string refusal(const HttpResponse& answer, const std::string& name) const;
  // Whether the same may succeed in a while, or with new credentials, which the next sign() asks for.
  [[nodiscard]] bool may_pass(const HttpRequest& asked, const HttpResponse& answer) const;

 private:
  const S3Settings settings_;
  const std::shared_ptr<S3CredentialChain> credentials_;
  mutable std::mutex mutex_;  // guards what follows
  mutable std::shared_ptr<const S3Credentials> used_;
  mutable std::shared_ptr<const S3Credentials> expired_;  // the server says so
  mutable std::string why_expired_;                       // a sentence
};

class S3Address : public ObjectAddress {
 public:
  S3Address(S3Location location, std::shared_ptr<const S3Signer> signer)
      : location_(std::move(location)), name_(location_.text()), signer_(std::move(signer)) {}

  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] HttpRequest get(HttpHeaders headers) const override;
  [[nodiscard]] std::string refusal(const HttpResponse& answer) const override {
    return signer_->refusal(answer, name_);
  }
  [[nodiscard]] bool may_pass(const HttpRequest& asked, const HttpResponse& answer) const override {
    return signer_->may_pass(asked, answer);
  }

 private:
  const S3Location location_;
  const std::string name_;
  const std::shared_ptr<const S3Signer> signer_;
};

}  // namespace chatload::source
