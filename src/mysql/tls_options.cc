// The clients of MySQL write ssl-mode, those of MariaDB ssl and ssl-verify-server-cert. The first line that fits
// counts:
//
//   ssl-verify-server-cert    VERIFY_IDENTITY
//   ssl-mode=MODE             MODE
//   skip-ssl, ssl=0           DISABLED
//   ssl-ca, not over a socket VERIFY_IDENTITY, because whoever names an authority wants the certificate checked
//                             (MySQL's clients: VERIFY_CA); with skip-ssl-verify-server-cert REQUIRED. A socket leads
//                             to no other host, and its server's certificate is for another name.
//   ssl                       REQUIRED
//
// If the URL has a mode, only that counts, and options that chatload cannot follow do no harm.
#include "mysql/tls_options.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/errors.h"

namespace chatload::mysql {
namespace {

constexpr std::array<std::string_view, 6> kFollowed = {"ssl",      "ssl-mode", "ssl-ca",
                                                       "ssl-cert", "ssl-key",  "ssl-verify-server-cert"};

void require_followed(const OptionsFile& options) {
  for (const auto& [name, value] : options.options()) {
    const bool is_about_tls = name.starts_with("ssl") || name.starts_with("tls-");
    if (is_about_tls && std::find(kFollowed.begin(), kFollowed.end(), name) == kFollowed.end()) {
      throw UsageError("~/.my.cnf sets " + name +
                       ", which chatload cannot follow; say ssl-mode in the database URL, so that the file's counts no "
                       "longer, or take the option out of [client] and [chatload].");
    }
  }
}

std::optional<SslMode> mode_of(const OptionsFile& options, bool is_socket) {
  const auto verifies = options.is_on("ssl-verify-server-cert");
  const auto encrypts = options.is_on("ssl");
  if (verifies.value_or(false)) return SslMode::kVerifyIdentity;
  if (const auto mode = options.value("ssl-mode")) return parse_ssl_mode(*mode, "~/.my.cnf");
  if (!encrypts.value_or(true)) return SslMode::kDisabled;
  if (options.value("ssl-ca") && !is_socket) return verifies ? SslMode::kRequired : SslMode::kVerifyIdentity;
  if (encrypts) return SslMode::kRequired;
  return std::nullopt;
}

}  // namespace

void add_tls_options(Endpoint& endpoint, const OptionsFile& options) {
  if (!endpoint.says_ssl_mode) {
    require_followed(options);
    endpoint.ssl_mode = mode_of(options, !endpoint.socket.empty()).value_or(endpoint.ssl_mode);
  }
  if (endpoint.ssl_mode == SslMode::kVerifyIdentity && endpoint.ssl_ca.empty()) {
    endpoint.ssl_ca = options.value("ssl-ca").value_or("");
  }
  endpoint.ssl_cert = options.value("ssl-cert").value_or("");
  endpoint.ssl_key = options.value("ssl-key").value_or("");
}

}  // namespace chatload::mysql
