// Who asks S3: credentials from wherever AWS's tools find them, renewed before they expire.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "source/http_message.h"
#include "source/s3_settings.h"

namespace chatload::source {

// Nothing prints these.
struct S3Credentials {
  std::string key_id;
  std::string secret_key;
  std::string session_token = {};  // of temporary ones; else empty
  std::optional<std::chrono::system_clock::time_point> expires = {};
};

// Sends a request and waits for its answer, whatever the status. Throws SourceError where no answer came.
using HttpAsk = std::function<HttpResponse(const HttpRequest&)>;

// From any thread.
class S3CredentialChain {
 public:
  using Clock = std::function<std::chrono::system_clock::time_point()>;

  // The environment is read again whenever credentials are needed. ask is called by one thread at a time; it should
  // give up after a second or two, since a machine outside of AWS may drop what is sent to the metadata service.
  S3CredentialChain(S3Settings settings, Environment environment, HttpAsk ask,
                    Clock now = std::chrono::system_clock::now);
  S3CredentialChain(const S3CredentialChain&) = delete;
  S3CredentialChain& operator=(const S3CredentialChain&) = delete;
  ~S3CredentialChain() = default;

  // Nothing where the settings say anonymous. Does not wait while it has credentials that have not expired, unless this
  // thread is the one that renews them. Throws SourceError where there are none, or they cannot be used; no sentence
  // has a secret in it.
  [[nodiscard]] std::shared_ptr<const S3Credentials> get();

  // The server says that these have expired: the next get() asks for others, if these are still the ones that it has.
  void forget(const std::shared_ptr<const S3Credentials>& expired);

 private:
  [[nodiscard]] bool has_valid(std::chrono::system_clock::time_point now) const;
  void renew(std::unique_lock<std::mutex>& lock);

  const S3Settings settings_;
  const Environment environment_;
  const HttpAsk ask_;
  const Clock now_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable renewed_;
  bool is_renewing_ = false;
  std::shared_ptr<const S3Credentials> current_;
  std::chrono::system_clock::time_point renew_at_;
};

}  // namespace chatload::source
