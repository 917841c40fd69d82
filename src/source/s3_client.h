// Whole requests to S3, which are asked again where that may help.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "source/http_client.h"
#include "source/s3_address.h"

namespace chatload::source {

// Thread-safe. The HTTP client outlives it.
class S3Client {
 public:
  S3Client(HttpClient& http, std::shared_ptr<const S3Signer> signer, std::chrono::milliseconds retry_for)
      : http_(http), signer_(std::move(signer)), retry_for_(retry_for) {}

  [[nodiscard]] const S3Settings& settings() const { return signer_->settings(); }

  // Signs it, and waits for an answer that asking again would not change. name: of what it is about. stop_fd: as of
  // open_input(); Interrupted is thrown then. Throws SourceError where there is no answer.
  [[nodiscard]] HttpResponse ask(const HttpRequest& request, const std::string& name, int stop_fd) const;

  // A sentence about a refusal.
  [[nodiscard]] std::string refusal(const HttpResponse& answer, const std::string& name) const {
    return signer_->refusal(answer, name);
  }

 private:
  HttpClient& http_;
  const std::shared_ptr<const S3Signer> signer_;
  const std::chrono::milliseconds retry_for_;
};

}  // namespace chatload::source
