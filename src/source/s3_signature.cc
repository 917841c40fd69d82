// The canonical request is: method, path, query, headers, names of the signed headers, hash of the body, a line each.
// S3 differs from AWS's other services in two ways: the path is encoded once, not twice, and x-amz-content-sha256 must
// be sent.
//
// 14 µs a signature, where a ranged GET is needed every 8 MiB.
#include "source/s3_signature.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/percent_encoding.h"
#include "source/wire_time.h"

namespace chatload::source {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kDate = "x-amz-date";
constexpr std::string_view kContentHash = "x-amz-content-sha256";
constexpr std::string_view kSecurityToken = "x-amz-security-token";
constexpr std::string_view kAuthorization = "authorization";
constexpr std::array kOurs = {kDate, kContentHash, kSecurityToken, kAuthorization};
// What the HTTP client or a proxy on the way sets or changes.
constexpr std::array<std::string_view, 6> kNotSigned = {"accept-encoding", "connection",        "content-length",
                                                        "expect",          "transfer-encoding", "user-agent"};

using Hash = std::array<unsigned char, 32>;

std::string hex(const Hash& hash) {
  std::string out;
  for (const unsigned char byte : hash) out += fmt::format("{:02x}", byte);
  return out;
}

Hash sha256(std::string_view text) {
  Hash hash{};
  if (EVP_Digest(text.data(), text.size(), hash.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    throw EnvironmentError("OpenSSL cannot compute SHA-256; check its configuration (openssl.cnf)");
  }
  return hash;
}

Hash hmac(std::string_view key, std::string_view text) {
  Hash hash{};
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
           text.size(), hash.data(), nullptr) == nullptr) {
    throw EnvironmentError("OpenSSL cannot compute HMAC-SHA-256; check its configuration (openssl.cnf)");
  }
  return hash;
}

std::string_view bytes_of(const Hash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

struct UrlParts {
  std::string_view host;
  std::string_view path;
  std::string_view query;
};

// HTTP clients leave the scheme's own port out of the Host header.
std::string_view without_default_port(std::string_view authority, std::string_view port) {
  return authority.ends_with(port) ? authority.substr(0, authority.size() - port.size()) : authority;
}

UrlParts parts_of(std::string_view url) {
  const bool is_tls = url.starts_with("https:");
  url.remove_prefix(url.find("://") + 3);
  UrlParts parts;
  const std::size_t query = std::min(url.find('?'), url.size());
  if (query < url.size()) parts.query = url.substr(query + 1);
  url = url.substr(0, query);
  const std::size_t path = std::min(url.find('/'), url.size());
  parts.path = path < url.size() ? url.substr(path) : "/";
  parts.host = without_default_port(url.substr(0, path), is_tls ? ":443" : ":80");
  return parts;
}

std::string encoded_once(std::string_view text) { return percent_encode(percent_decode(text)); }

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(one.size() + 1, query.size()));
    if (one.empty()) continue;
    const std::size_t name_end = std::min(one.find('='), one.size());
    const std::string_view value = name_end < one.size() ? one.substr(name_end + 1) : std::string_view();
    parameters.emplace_back(encoded_once(one.substr(0, name_end)), encoded_once(value));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out += '&';
    out += name + '=' + value;
  }
  return out;
}

// Without spaces at its ends, and one where several follow each other.
std::string canonical_value(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool is_space = c == ' ' || c == '\t';
    if (!is_space || (!out.empty() && out.back() != ' ')) out += is_space ? ' ' : c;
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

// By name; the values of one name in their order, with commas between.
std::map<std::string, std::string> signed_headers(const HttpRequest& request, std::string_view host) {
  std::map<std::string, std::string> found = {{"host", std::string(host)}};
  for (const auto& [name, value] : request.headers) {
    if (std::find(kNotSigned.begin(), kNotSigned.end(), name) != kNotSigned.end()) continue;
    const auto [place, is_new] = found.try_emplace(name, canonical_value(value));
    if (!is_new) place->second += ',' + canonical_value(value);
  }
  return found;
}

}  // namespace

void sign_s3(HttpRequest& request, const S3Credentials& credentials, std::string_view region,
             std::chrono::system_clock::time_point now, S3Payload payload) {
  std::erase_if(request.headers,
                [](const auto& one) { return std::find(kOurs.begin(), kOurs.end(), one.first) != kOurs.end(); });
  const std::string time = compact_time(now);
  const std::string body_hash = payload == S3Payload::kHashed ? hex(sha256(request.body)) : "UNSIGNED-PAYLOAD";
  request.headers.emplace_back(kDate, time);
  request.headers.emplace_back(kContentHash, body_hash);
  if (!credentials.session_token.empty()) request.headers.emplace_back(kSecurityToken, credentials.session_token);

  const UrlParts url = parts_of(request.url);
  std::string names;
  std::string lines;
  for (const auto& [name, value] : signed_headers(request, url.host)) {
    if (!names.empty()) names += ';';
    names += name;
    lines += name + ':' + value + '\n';
  }
  const std::string canonical = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, url.path,
                                            canonical_query(url.query), lines, names, body_hash);

  const std::string day = time.substr(0, 8);
  const std::string scope = fmt::format("{}/{}/s3/aws4_request", day, region);
  Hash key = hmac("AWS4" + credentials.secret_key, day);
  for (const std::string_view part : {region, std::string_view("s3"), std::string_view("aws4_request")}) {
    key = hmac(bytes_of(key), part);
  }
  const Hash signature =
      hmac(bytes_of(key), fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, scope, hex(sha256(canonical))));
  request.headers.emplace_back(
      kAuthorization, fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", kAlgorithm, credentials.key_id,
                                  scope, names, hex(signature)));
}

}  // namespace chatload::source
