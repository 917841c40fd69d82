#include "source/s3_credentials.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "source/s3_credential_places.h"

namespace chatload::source {
namespace {

using std::chrono::system_clock;

// AWS has an instance's next credentials ready five minutes before these expire, and not always earlier.
constexpr std::chrono::minutes kRenewedBeforeExpiry{5};
// Where they could not be renewed, or the new ones expire as soon.
constexpr std::chrono::seconds kPauseBetweenRenewals{30};

}  // namespace

S3CredentialChain::S3CredentialChain(S3Settings settings, Environment environment, HttpAsk ask, Clock now)
    : settings_(std::move(settings)),
      environment_(std::move(environment)),
      ask_(std::move(ask)),
      now_(std::move(now)) {}

bool S3CredentialChain::has_valid(system_clock::time_point now) const {
  return current_ != nullptr && (!current_->expires || now < *current_->expires);
}

std::shared_ptr<const S3Credentials> S3CredentialChain::get() {
  if (settings_.anonymous) return nullptr;
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto now = now_();
    const bool is_valid = has_valid(now);
    if (is_valid && (is_renewing_ || !current_->expires || now < renew_at_)) return current_;
    if (!is_renewing_) break;
    renewed_.wait(lock);
  }
  renew(lock);
  return current_;
}

void S3CredentialChain::renew(std::unique_lock<std::mutex>& lock) {
  is_renewing_ = true;
  lock.unlock();
  std::shared_ptr<const S3Credentials> found;
  std::exception_ptr failure;
  try {
    found = std::make_shared<const S3Credentials>(find_s3_credentials(settings_, environment_, ask_));
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  is_renewing_ = false;
  renewed_.notify_all();
  const auto now = now_();
  if (failure != nullptr && !has_valid(now)) std::rethrow_exception(failure);
  if (found != nullptr) current_ = std::move(found);
  if (current_->expires) renew_at_ = std::max(*current_->expires - kRenewedBeforeExpiry, now + kPauseBetweenRenewals);
}

void S3CredentialChain::forget(const std::shared_ptr<const S3Credentials>& expired) {
  const std::lock_guard lock(mutex_);
  if (current_ == expired) current_ = nullptr;
}

}  // namespace chatload::source
