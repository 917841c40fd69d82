#include "source/fetch_retry.h"

#include <poll.h>

#include <algorithm>
#include <random>
#include <utility>

#include "source/object_version.h"

namespace chatload::source {
namespace {

constexpr std::chrono::milliseconds kWaitMin{100};
constexpr std::chrono::milliseconds kWaitMax{10'000};
constexpr unsigned kDoublingsMax = 7;
constexpr std::chrono::seconds kWishMax{60};

}  // namespace

void FetchRetry::failed(std::string what, std::optional<std::chrono::seconds> wish) {
  trouble_ = std::move(what);
  const Clock::time_point now = Clock::now();
  if (!failing_since_) failing_since_ = now;
  const std::chrono::milliseconds most = std::min(kWaitMin * (1U << std::min(attempts_++, kDoublingsMax)), kWaitMax);
  thread_local std::mt19937 random{std::random_device{}()};
  std::chrono::milliseconds wait{
      std::uniform_int_distribution<std::chrono::milliseconds::rep>(most.count() / 2, most.count())(random)};
  if (wish) wait = std::max<std::chrono::milliseconds>(wait, std::min(*wish, kWishMax));
  next_try_ = now + wait;
}

std::string FetchRetry::over() const {
  return trouble_ + ", and nothing has come within --retry-for; run the same command again.";
}

bool FetchRetry::wait(int stop_fd) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_try_ - Clock::now());
    if (left.count() <= 0) return true;
    pollfd asked{stop_fd, POLLIN, 0};
    if (poll(&asked, 1, static_cast<int>(left.count())) > 0) return false;
  }
}

std::optional<std::chrono::seconds> retry_after(const HttpHeaders& headers) {
  const auto seconds = parse_digits(header(headers, "retry-after"));
  if (!seconds) return std::nullopt;
  return std::chrono::seconds(std::min<std::uint64_t>(*seconds, static_cast<std::uint64_t>(kWishMax.count())));
}

}  // namespace chatload::source
