#include "source/object_address.h"

#include <fmt/format.h>

#include <utility>

namespace chatload::source {

bool is_passing_status(int status) {
  constexpr int kRequestTimeout = 408;
  constexpr int kTooManyRequests = 429;
  constexpr int kNotImplemented = 501;
  return status == kRequestTimeout || status == kTooManyRequests || (status >= 500 && status != kNotImplemented);
}

HttpAddress::HttpAddress(std::string name, std::string url, std::string authorization)
    : name_(std::move(name)), url_(std::move(url)), authorization_(std::move(authorization)) {}

HttpRequest HttpAddress::get(HttpHeaders headers) const {
  if (!authorization_.empty()) headers.emplace_back("authorization", authorization_);
  return {.url = url_, .headers = std::move(headers)};
}

std::string HttpAddress::refusal(const HttpResponse& answer) const {
  if (answer.status / 100 == 3) {
    return fmt::format(
        "{}: the server sends whoever asks elsewhere (HTTP {}), which is not followed with "
        "--http-authorization; name the URL that it leads to",
        name_, answer.status);
  }
  switch (answer.status) {
    case 401:
      return fmt::format(
          "{}: the server wants to know who asks (HTTP 401); put user and password into ~/.netrc, or the Authorization "
          "header's value into a file for --http-authorization",
          name_);
    case 403:
      return fmt::format("{}: the server does not let this user read it (HTTP 403); check its rights, and ~/.netrc",
                         name_);
    case 404:
    case 410: return fmt::format("{}: there is no such object (HTTP {}); check the URL", name_, answer.status);
    default:
      return fmt::format("{}: the server answers with HTTP {}; check the URL, and the server's log", name_,
                         answer.status);
  }
}

}  // namespace chatload::source
