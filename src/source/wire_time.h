// Times as HTTP and signatures write them: UTC, in whole seconds.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace chatload::source {

// "20130524T000000Z", as signatures want it.
[[nodiscard]] std::string compact_time(std::chrono::system_clock::time_point time);

// "Fri, 24 May 2013 00:00:00 GMT" (RFC 9110 §5.6.7; none of its two obsolete forms). Nothing where it is no such time.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> read_http_date(std::string_view text);

}  // namespace chatload::source
