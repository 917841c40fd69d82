// What a load has to make way for: limits of the server's status variables and of its replicas' lag.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mysql/endpoint.h"

namespace chatload::mysql {

struct LoadLimit {
  std::string variable;  // of SHOW GLOBAL STATUS, in any case
  std::uint64_t most = 0;
};

struct ThrottleLimits {
  std::vector<LoadLimit> max_load;
  std::optional<std::chrono::milliseconds> max_lag;  // given just where replicas are
  std::vector<Endpoint> replicas;

  [[nodiscard]] bool empty() const { return max_load.empty() && replicas.empty(); }
};

// "Threads_running=40". Throws UsageError, which names the flag.
[[nodiscard]] LoadLimit parse_load_limit(std::string_view flag, std::string_view text);

// A status variable's value; nothing for "ON" and the like.
[[nodiscard]] std::optional<double> status_number(std::string_view value);

// "Threads_running 53 > 40"; nothing where the value, which is a number, keeps to the limit.
[[nodiscard]] std::optional<std::string> load_excess(const LoadLimit& limit, std::string_view value);

// What is wrong with a replica, from the seconds that each of its channels is behind (nothing: it does not replicate):
// "lag 12 s > 5 s", of the worst channel, "has stopped", or "is no replica" without a channel. Nothing where it keeps
// to the limit.
[[nodiscard]] std::optional<std::string> lag_excess(std::span<const std::optional<std::uint64_t>> seconds_behind,
                                                    std::chrono::milliseconds max_lag);

}  // namespace chatload::mysql
