// The URL is RFC 3986's generic syntax with one path segment, the database:
//
//   mysql://[user@][host[:port]]/database[?name=value[&name=value]...]
#include "mysql/endpoint.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "base/byte_order_mark.h"
#include "base/errors.h"
#include "base/percent_encoding.h"
#include "mysql/options_file.h"
#include "mysql/password_cipher.h"
#include "mysql/tls_options.h"

namespace chatload::mysql {
namespace {

constexpr std::string_view kScheme = "mysql://";
constexpr std::string_view kForm = "mysql://user@host:3306/database";

std::string percent_decode(std::string_view text, std::string_view part) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    unsigned byte = 0;
    const std::string_view hex = text.substr(i + 1, 2);
    const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), byte, 16);
    if (hex.size() != 2 || error != std::errc() || end != hex.data() + 2 || byte == 0) {
      throw UsageError("The " + std::string(part) + " in the database URL has a '%' that does not begin an escape " +
                       "such as %20; write a plain '%' as %25.");
    }
    decoded += static_cast<char>(byte);
    i += 2;
  }
  return decoded;
}

void parse_host_and_port(std::string_view text, Endpoint& endpoint) {
  std::size_t host_end = text.find(':');
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) throw UsageError("The host in the database URL has a '[' without its ']'.");
    endpoint.host = text.substr(1, bracket - 1);
    host_end = bracket + 1;
    if (host_end < text.size() && text[host_end] != ':') {
      throw UsageError("The host in the database URL has text between its ']' and the port; the form is [::1]:3306.");
    }
  } else {
    endpoint.host = percent_decode(text.substr(0, host_end), "host");
  }
  if (host_end >= text.size()) return;

  const std::string_view port = text.substr(host_end + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  if (error != std::errc() || end != port.data() + port.size() || endpoint.port == 0) {
    throw UsageError("The port in the database URL is not a number from 1 to 65535; its form is " + std::string(kForm) +
                     ".");
  }
}

void parse_parameter(std::string_view text, Endpoint& endpoint, std::vector<std::string>& seen) {
  const std::size_t equals = text.find('=');
  const std::string name(text.substr(0, equals));
  if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
    throw UsageError("The database URL names '" + name + "' twice.");
  }
  seen.push_back(name);
  const std::string value =
      equals == std::string_view::npos ? std::string() : percent_decode(text.substr(equals + 1), name);
  if (name != "socket" && name != "ssl-mode" && name != "ssl-ca") {
    throw UsageError("The database URL has the unknown parameter '" + name +
                     "'; it takes socket, ssl-mode and ssl-ca.");
  }
  if (value.empty()) throw UsageError("The parameter '" + name + "' of the database URL has no value.");

  if (name == "socket") endpoint.socket = value;
  if (name == "ssl-mode") {
    endpoint.ssl_mode = parse_ssl_mode(value, "the database URL");
    endpoint.says_ssl_mode = true;
  }
  if (name == "ssl-ca") endpoint.ssl_ca = value;
}

std::string first_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line) && !file.eof()) {
    throw UsageError("The password file " + path.string() + " cannot be read; check its name and its permissions.");
  }
  if (is_marked_utf16(line)) {
    throw UsageError("The password file " + path.string() + " is in UTF-16; save it in UTF-8.");
  }
  if (line.ends_with('\r')) line.pop_back();
  return std::string(without_byte_order_mark(line));
}

std::string read_public_key(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!is_public_key(text)) {
    throw UsageError("The file " + path.string() +
                     " of --server-public-key-file is no RSA public key in PEM, or cannot be read; give a copy of the "
                     "server's public_key.pem.");
  }
  return text;
}

const passwd* account() { return getpwuid(geteuid()); }

}  // namespace

SslMode parse_ssl_mode(std::string text, const std::string& where) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (text == "DISABLED") return SslMode::kDisabled;
  if (text == "PREFERRED") return SslMode::kPreferred;
  if (text == "REQUIRED") return SslMode::kRequired;
  if (text == "VERIFY_IDENTITY") return SslMode::kVerifyIdentity;
  if (text == "VERIFY_CA") {
    throw UsageError("ssl-mode=VERIFY_CA in " + where +
                     " is not supported, because the client library checks a certificate only together with the "
                     "host's name; use VERIFY_IDENTITY.");
  }
  throw UsageError("ssl-mode in " + where + " is '" + text +
                   "'; it takes DISABLED, PREFERRED, REQUIRED or VERIFY_IDENTITY.");
}

std::string Endpoint::display() const {
  std::string text(kScheme);
  if (!user.empty()) text += percent_encode(user, Slash::kKept) + "@";
  text += host.find(':') == std::string::npos ? percent_encode(host, Slash::kKept) : "[" + host + "]";
  if (socket.empty()) text += ":" + std::to_string(port);
  text += "/" + percent_encode(database, Slash::kKept);
  if (!socket.empty()) text += "?socket=" + percent_encode(socket, Slash::kKept);
  return text;
}

Endpoint parse_endpoint(std::string_view url) {
  if (!url.starts_with(kScheme)) {
    throw UsageError("The database URL must begin with mysql://; its form is " + std::string(kForm) + ".");
  }
  url.remove_prefix(kScheme.size());
  const std::size_t query = url.find('?');
  const std::string_view parameters = query == std::string_view::npos ? std::string_view() : url.substr(query + 1);
  url = url.substr(0, query);

  Endpoint endpoint;
  // A password may hold a '/' or '@' that its author forgot to escape: look for the last '@' before all else, so that
  // no message repeats a part of it.
  if (const std::size_t at = url.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = url.substr(0, at);
    if (user.find(':') != std::string_view::npos) {
      throw UsageError(
          "The database URL holds a password, which every process list would show; leave it out, and give the password "
          "in --password-file, MYSQL_PWD or ~/.my.cnf.");
    }
    endpoint.user = percent_decode(user, "user");
    url.remove_prefix(at + 1);
  }
  const std::size_t slash = url.find('/');
  parse_host_and_port(url.substr(0, slash), endpoint);
  if (slash != std::string_view::npos) {
    if (url.find('/', slash + 1) != std::string_view::npos) {
      throw UsageError("The database URL has a '/' after the database's name; its form is " + std::string(kForm) + ".");
    }
    endpoint.database = percent_decode(url.substr(slash + 1), "database");
  }
  if (endpoint.database.empty()) {
    throw UsageError("The database URL names no database; its form is " + std::string(kForm) + ".");
  }

  std::vector<std::string> seen;
  for (std::size_t begin = 0; begin < parameters.size();) {
    const std::size_t end = std::min(parameters.find('&', begin), parameters.size());
    parse_parameter(parameters.substr(begin, end - begin), endpoint, seen);
    begin = end + 1;
  }
  if (endpoint.host.empty()) {
    if (endpoint.socket.empty()) {
      throw UsageError("The database URL names neither a host nor a socket; its form is " + std::string(kForm) + ".");
    }
    endpoint.host = "localhost";
  }
  if (endpoint.ssl_mode != SslMode::kVerifyIdentity && !endpoint.ssl_ca.empty()) {
    throw UsageError("ssl-ca is used only with ssl-mode=VERIFY_IDENTITY; add that mode or leave ssl-ca out.");
  }
  return endpoint;
}

void add_credentials(Endpoint& endpoint, const LoginFlags& flags) {
  const OptionsFile options(options_file_path());
  if (endpoint.user.empty()) endpoint.user = options.value("user").value_or("");
  if (endpoint.user.empty() && account() != nullptr) endpoint.user = account()->pw_name;

  const char* variable = std::getenv("MYSQL_PWD");
  if (flags.password_file) {
    endpoint.password = first_line(*flags.password_file);
  } else if (variable != nullptr && *variable != '\0') {
    endpoint.password = variable;
  } else {
    endpoint.password = options.value("password").value_or("");
  }

  add_tls_options(endpoint, options);
  if (endpoint.ssl_mode == SslMode::kVerifyIdentity && endpoint.ssl_ca.empty()) {
    throw UsageError(
        "ssl-mode=VERIFY_IDENTITY needs ssl-ca=FILE, the certificate of the authority to trust, in the database URL or "
        "in ~/.my.cnf.");
  }
  auto key_file = flags.server_public_key_file;
  if (!key_file) key_file = options.value("server-public-key-path");
  if (key_file) endpoint.server_public_key = read_public_key(*key_file);
  endpoint.asks_for_public_key = flags.get_server_public_key || options.is_on("get-server-public-key").value_or(false);
}

}  // namespace chatload::mysql
