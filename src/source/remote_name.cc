#include "source/remote_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/errors.h"
#include "base/percent_encoding.h"
#include "source/http_message.h"

namespace chatload::source {
namespace {

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Of the parameter that signs all others.
bool is_signature(std::string_view name) {
  constexpr std::array<std::string_view, 4> kNames = {"signature", "sig", "x-amz-signature", "x-goog-signature"};
  return is_one_of(kNames, name);
}

bool is_secret(std::string_view name) {
  constexpr std::array<std::string_view, 10> kNames = {"auth", "key", "apikey", "api_key", "api-key",
                                                       "pass", "pwd", "jwt",    "hmac",    "md5"};
  constexpr std::array<std::string_view, 3> kParts = {"token", "secret", "passw"};
  return is_one_of(kNames, name) || std::any_of(kParts.begin(), kParts.end(), [name](std::string_view part) {
           return name.find(part) != std::string_view::npos;
         });
}

}  // namespace

bool is_url(std::string_view text) { return text.starts_with("http://") || text.starts_with("https://"); }

std::string name_of_url(std::string_view url) {
  url = url.substr(0, url.find('#'));
  const std::size_t host = url.find("://") + 3;
  const std::string_view authority = url.substr(host, url.find_first_of("/?", host) - host);
  if (authority.find('@') != std::string_view::npos) {
    throw UsageError(
        fmt::format("An INPUT of {} has a user in its URL, which others could see; put user and password "
                    "into ~/.netrc.",
                    authority.substr(authority.rfind('@') + 1)));
  }
  const std::size_t mark = url.find('?');
  if (authority.empty()) throw UsageError(fmt::format("'{}' names no host.", url.substr(0, mark)));
  if (mark == std::string_view::npos) return std::string(url);
  std::string name(url.substr(0, mark));
  char separator = '?';
  for (std::string_view query = url.substr(mark + 1); !query.empty();) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), parameter.size() + 1));
    const std::string its_name = lower_case(percent_decode(parameter.substr(0, parameter.find('='))));
    if (is_signature(its_name)) return std::string(url.substr(0, mark));
    if (is_secret(its_name)) continue;
    name += separator;
    name += parameter;
    separator = '&';
  }
  return name;
}

std::string url_to_send(std::string_view url) {
  std::string result;
  for (const char c : url.substr(0, url.find('#'))) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\' || c == '^' || c == '`' ||
        c == '{' || c == '|' || c == '}') {
      result += fmt::format("%{:02X}", byte);
    } else {
      result += c;
    }
  }
  return result;
}

}  // namespace chatload::source
