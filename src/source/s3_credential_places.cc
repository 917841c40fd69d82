// What a service answers is never part of a sentence, less its error code: it may be a secret.
#include "source/s3_credential_places.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "base/errors.h"
#include "base/percent_encoding.h"
#include "base/quantity.h"

namespace chatload::source {
namespace {

constexpr std::string_view kContainerHost = "http://169.254.170.2";
// A container's token goes over plain HTTP to these alone: this machine, ECS and EKS.
constexpr std::array<std::string_view, 6> kPlainHosts = {"127.0.0.1",     "localhost",      "[::1]",
                                                         "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
constexpr std::string_view kMetadataHost = "http://169.254.169.254";
constexpr std::string_view kMetadataHostIpv6 = "http://[fd00:ec2::254]";
constexpr std::string_view kMetadataRoles = "/latest/meta-data/iam/security-credentials/";

// A line break in a header's value would begin another header.
bool is_one_word(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7F'; });
}

S3Credentials checked(S3Credentials credentials, std::string_view place) {
  if (credentials.secret_key.empty()) {
    throw SourceError(fmt::format("{} has an access key ID, but no secret access key; set both", place));
  }
  if (!is_one_word(credentials.key_id) || !is_one_word(credentials.secret_key) ||
      !is_one_word(credentials.session_token)) {
    throw SourceError(fmt::format("The credentials of {} have a space or a line break within; copy them again", place));
  }
  return credentials;
}

// Nothing of credentials that do not expire.
std::optional<std::chrono::system_clock::time_point> expiry(std::string_view text, std::string_view place) {
  if (text.empty()) return std::nullopt;
  try {
    return std::chrono::system_clock::time_point(std::chrono::seconds(parse_instant("Expiration", text)));
  } catch (const UsageError& error) {
    throw SourceError(fmt::format("{} gave credentials that expire at no known time: {}", place, error.what()));
  }
}

std::string read_token(const char* name, std::string_view path) {
  std::ifstream file{std::string(path)};
  std::string token(std::istreambuf_iterator<char>(file), {});
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  if (token.empty()) {
    throw SourceError(fmt::format("{} is {}, which cannot be read or is empty; correct it, or unset it", name, path));
  }
  return token;
}

// Only a word without anything odd, such as ExpiredTokenException.
std::string_view error_code(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.'; };
  return text.size() <= 64 && std::all_of(text.begin(), text.end(), is_letter) ? text : std::string_view();
}

[[noreturn]] void throw_refused(std::string_view service, int status, std::string_view code, std::string_view next) {
  const std::string_view word = error_code(code);
  throw SourceError(fmt::format("{} gave no credentials: it answered {}{}{}; {}", service, status,
                                word.empty() ? "" : " ", word, next));
}

std::optional<S3Credentials> from_environment(const Environment& environment) {
  const std::string_view key_id = variable(environment, "AWS_ACCESS_KEY_ID");
  if (key_id.empty()) return std::nullopt;
  return checked({std::string(key_id), std::string(variable(environment, "AWS_SECRET_ACCESS_KEY")),
                  std::string(variable(environment, "AWS_SESSION_TOKEN"))},
                 "the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)");
}

std::optional<S3Credentials> from_web_identity(const S3Settings& settings, const Environment& environment,
                                               const HttpAsk& ask) {
  const std::string_view path = variable(environment, "AWS_WEB_IDENTITY_TOKEN_FILE");
  if (path.empty()) return std::nullopt;
  const std::string_view role = variable(environment, "AWS_ROLE_ARN");
  if (role.empty()) throw SourceError("AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not; set both");
  const std::string_view session = variable(environment, "AWS_ROLE_SESSION_NAME");

  const std::string endpoint = settings.sts_endpoint.empty()
                                   ? fmt::format("https://sts.{}.{}", settings.region, aws_domain(settings.region))
                                   : settings.sts_endpoint;
  const HttpResponse answer =
      ask({"POST",
           endpoint + '/',
           {{"content-type", "application/x-www-form-urlencoded"}},
           fmt::format("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={}&RoleSessionName={}"
                       "&WebIdentityToken={}",
                       percent_encode(role), percent_encode(session.empty() ? "chatload" : session),
                       percent_encode(read_token("AWS_WEB_IDENTITY_TOKEN_FILE", path)))});
  pugi::xml_document xml;
  const bool is_whole = bool(xml.load_buffer(answer.body.data(), answer.body.size()));
  const pugi::xml_node found =
      xml.first_element_by_path("AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult/Credentials");
  if (answer.status != kHttpOk || !is_whole || !found) {
    throw_refused(endpoint, answer.status, xml.first_element_by_path("ErrorResponse/Error/Code").child_value(),
                  fmt::format("check AWS_ROLE_ARN ({}) and the token in {}", role, path));
  }
  return checked({found.child_value("AccessKeyId"), found.child_value("SecretAccessKey"),
                  found.child_value("SessionToken"), expiry(found.child_value("Expiration"), endpoint)},
                 endpoint);
}

std::optional<S3Credentials> from_profile(const AwsProfile& profile) {
  const auto value = [&](std::string_view name) { return std::string(value_of(profile.values, name)); };
  const auto refuse = [&](std::string_view name) {
    throw SourceError(fmt::format(
        "Profile `{0}` of {1} has {2}, which chatload does not follow; run eval \"$(aws configure export-credentials "
        "--profile {0} --format env)\" first, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        profile.name, profile.config_path, name));
  };
  const auto refuse_if_set = [&](std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
      if (!value_of(profile.values, name).empty()) refuse(name);
    }
  };
  // A role is taken instead of the keys beside it, or with their help.
  refuse_if_set({"role_arn", "source_profile"});
  if (std::string key_id = value("aws_access_key_id"); !key_id.empty()) {
    return checked({std::move(key_id), value("aws_secret_access_key"), value("aws_session_token")},
                   fmt::format("profile `{}`", profile.name));
  }
  refuse_if_set({"credential_process", "sso_session", "sso_start_url", "sso_account_id"});
  return std::nullopt;
}

// The answer that containers and instances get. Nothing where it is not such a one; code: the error that it names.
std::optional<S3Credentials> read_service_json(const std::string& body, std::string_view place, std::string& code) {
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  if (parser.parse(body).get(json) != simdjson::SUCCESS) return std::nullopt;
  const auto text = [&json](const char* name) {
    std::string_view found;
    return json[name].get(found) == simdjson::SUCCESS ? std::string(found) : std::string();
  };
  code = text("Code");
  S3Credentials credentials{text("AccessKeyId"), text("SecretAccessKey"), text("Token"),
                            expiry(text("Expiration"), place)};
  if (credentials.key_id.empty()) return std::nullopt;
  return checked(std::move(credentials), place);
}

void check_container_uri(std::string_view uri) {
  const std::size_t scheme = uri.find("://");
  const std::string_view authority =
      scheme == std::string_view::npos ? "" : uri.substr(scheme + 3, uri.find_first_of("/?", scheme + 3) - scheme - 3);
  const std::size_t port = authority.find(':', authority.starts_with('[') ? authority.find(']') : 0);
  const std::string_view host = authority.substr(0, port);
  // Of "localhost:a@example.org" the host is example.org.
  const bool is_known = authority.find('@') == std::string_view::npos &&
                        std::find(kPlainHosts.begin(), kPlainHosts.end(), host) != kPlainHosts.end();
  if (uri.starts_with("https://") || (uri.starts_with("http://") && is_known)) return;
  throw SourceError(
      "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https:// nor http:// of this machine, ECS or EKS; "
      "correct it, or unset it");
}

std::optional<S3Credentials> from_container(const Environment& environment, const HttpAsk& ask) {
  const std::string_view relative = variable(environment, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const std::string_view full = variable(environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (relative.empty() && full.empty()) return std::nullopt;
  if (relative.empty()) check_container_uri(full);
  HttpRequest request{"GET", relative.empty() ? std::string(full) : fmt::format("{}{}", kContainerHost, relative)};

  std::string token(variable(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN"));
  const std::string_view file = variable(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (!file.empty()) token = read_token("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file);
  // "Basic …" is two words.
  if (token.find_first_of("\r\n") != std::string::npos) {
    throw SourceError(
        "The container's authorization token (AWS_CONTAINER_AUTHORIZATION_TOKEN) has a line break within");
  }
  if (!token.empty()) request.headers.emplace_back("authorization", std::move(token));

  constexpr std::string_view kPlace = "The container's credentials service (AWS_CONTAINER_CREDENTIALS_…)";
  const HttpResponse answer = ask(request);
  std::string code;
  auto found = read_service_json(answer.body, kPlace, code);
  if (answer.status != kHttpOk || !found) {
    throw_refused(kPlace, answer.status, code, "check that the task or pod has a role");
  }
  return found;
}

// Throws SourceError: no role, or no such service.
S3Credentials from_instance(const Environment& environment, const HttpAsk& ask) {
  std::string endpoint(variable(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT"));
  if (endpoint.empty()) {
    const bool is_ipv6 = variable(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE") == "IPv6";
    endpoint = is_ipv6 ? kMetadataHostIpv6 : kMetadataHost;
  }
  while (endpoint.ends_with('/')) endpoint.pop_back();
  const std::string place = fmt::format("the instance metadata service ({})", endpoint);
  const auto asked = [&](const HttpRequest& request, std::string_view next) {
    HttpResponse answer = ask(request);
    if (answer.status != kHttpOk) throw_refused(place, answer.status, "", next);
    return answer.body;
  };

  const std::string token =
      asked({"PUT", endpoint + "/latest/api/token", {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}}},
            "check that the instance allows IMDSv2");
  if (!is_one_word(token)) throw_refused(place, kHttpOk, "", "check AWS_EC2_METADATA_SERVICE_ENDPOINT");
  const HttpHeaders headers = {{"x-aws-ec2-metadata-token", token}};
  std::string url = fmt::format("{}{}", endpoint, kMetadataRoles);
  constexpr std::string_view kNoRole = "attach a role to the instance";
  std::string role = asked({"GET", url, headers}, kNoRole);
  role.erase(std::min(role.find_first_of("\r\n"), role.size()));
  url += percent_encode(role);
  std::string code;
  auto found = read_service_json(asked({"GET", url, headers}, kNoRole), place, code);
  if (!found) throw_refused(place, kHttpOk, code, kNoRole);
  return *std::move(found);
}

}  // namespace

S3Credentials find_s3_credentials(const S3Settings& settings, const Environment& environment, const HttpAsk& ask) {
  if (auto found = from_environment(environment)) return *std::move(found);
  if (auto found = from_web_identity(settings, environment, ask)) return *std::move(found);
  // Read again each time: whoever renews temporary credentials writes them into the file.
  const AwsProfile profile = read_aws_profile(environment);
  if (auto found = from_profile(profile)) return *std::move(found);
  if (auto found = from_container(environment, ask)) return *std::move(found);
  std::string instance = "AWS_EC2_METADATA_DISABLED is true";
  if (settings.use_instance_metadata) {
    try {
      return from_instance(environment, ask);
    } catch (const SourceError& error) {
      instance = error.what();
    }
  }
  throw SourceError(
      fmt::format("There are no AWS credentials: AWS_ACCESS_KEY_ID, AWS_WEB_IDENTITY_TOKEN_FILE and "
                  "AWS_CONTAINER_CREDENTIALS_… are "
                  "not set, profile `{}` has none in {} or {}, and of the instance: {}. Set AWS_ACCESS_KEY_ID and "
                  "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
                  profile.name, profile.credentials_path, profile.config_path, instance));
}

}  // namespace chatload::source
