// HTTP requests and their answers, as plain values.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chatload::source {

// Of ASCII.
[[nodiscard]] inline std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

// Names in lower case.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// The first value of a name; empty where there is none.
[[nodiscard]] inline std::string_view header(const HttpHeaders& headers, std::string_view name) {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& one) { return one.first == name; });
  return found == headers.end() ? std::string_view() : found->second;
}

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // as it is sent: percent-encoded
  HttpHeaders headers = {};
  std::string body = {};
  bool may_log_in = true;  // with what ~/.netrc has for the host, where there is no authorization
};

inline constexpr int kHttpOk = 200;
inline constexpr int kHttpPartialContent = 206;
inline constexpr int kHttpPreconditionFailed = 412;
inline constexpr int kHttpRangeNotSatisfiable = 416;

struct HttpResponse {
  int status = 0;
  HttpHeaders headers = {};
  std::string body = {};
};

}  // namespace chatload::source
