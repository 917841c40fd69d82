// How long a server that is away, or in trouble, is asked again.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "source/http_message.h"

namespace chatload::source {

// Of one object. Single-threaded.
class FetchRetry {
 public:
  using Clock = std::chrono::steady_clock;

  explicit FetchRetry(std::chrono::milliseconds retry_for) : retry_for_(retry_for) {}

  // Something has come: the time begins anew.
  void went_well() {
    failing_since_.reset();
    attempts_ = 0;
  }
  // A try begins. Time in which nobody tried, since nobody read, is not the server's.
  void begins() {
    if (failing_since_ && Clock::now() - next_try_ > kIdle) went_well();
  }
  // what: a clause. wish: how long the server wants to be left alone, at least.
  void failed(std::string what, std::optional<std::chrono::seconds> wish = std::nullopt);

  [[nodiscard]] Clock::time_point next_try() const { return next_try_; }
  [[nodiscard]] bool is_over() const { return failing_since_ && next_try_ - *failing_since_ > retry_for_; }
  [[nodiscard]] const std::string& trouble() const { return trouble_; }
  // The end of a sentence, where it is over.
  [[nodiscard]] std::string over() const;
  // Until the next try, or a stop (as of open_input()): false then.
  [[nodiscard]] bool wait(int stop_fd) const;

 private:
  static constexpr std::chrono::seconds kIdle{2};

  const std::chrono::milliseconds retry_for_;
  std::optional<Clock::time_point> failing_since_;
  Clock::time_point next_try_;
  unsigned attempts_ = 0;
  std::string trouble_;
};

// Of Retry-After, RFC 9110 §10.2.3, where it is in seconds.
[[nodiscard]] std::optional<std::chrono::seconds> retry_after(const HttpHeaders& headers);

}  // namespace chatload::source
