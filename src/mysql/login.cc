// What a server gets, by transport and by the authentication plugin that it asks for. It asks in its greeting, and
// again later by an "auth switch". Left alone, the client library follows it to any plugin.
//
//   plugin                   TCP without TLS    Unix socket          TLS                  TLS, verified
//   mysql_native_password    digest             digest               digest               digest
//   client_ed25519           signature          signature            signature            signature
//   caching_sha2_password    digest, then RSA   digest, then whole   digest, then whole   digest, then whole
//   sha256_password          RSA                RSA                  whole                whole
//   mysql_clear_password     refused            refused              refused              whole
//   any other                refused            refused              refused              refused
//
// "Whole" is the password itself. MySQL's own clients do the same: a Unix socket and unverified TLS keep listeners out.
//
// "RSA" is the password encrypted with the server's key. The key comes from --server-public-key-file, else the server
// is asked for it, if --get-server-public-key allows that. PREFERRED allows it too: an attacker who can put his own key
// on the wire can put his own certificate there as well, and PREFERRED takes any certificate.
//
// REQUIRED and VERIFY_IDENTITY end where the greeting does not offer TLS, before anything is sent. The library alone
// would log in without TLS, and its plugins would still believe that they have it: they look at the option, not at the
// connection. So two of them are replaced. Ours are registered under the same names, and the library then does not load
// its own. Our caching_sha2_password always goes first, as in MySQL's own clients. It is the gate: no other plugin is
// allowed before it has seen the greeting.
#include "mysql/login.h"

#include <errmsg.h>
#include <mysql/plugin_auth.h>

#include <array>
#include <cstdarg>
#include <mutex>
#include <optional>
#include <string_view>

#include "mysql/password_cipher.h"
#include "mysql/statement_error.h"

namespace chatload::mysql {
namespace {

constexpr const char* kGate = "caching_sha2_password";
constexpr const char* kSha256 = "sha256_password";
// The library looks for a plugin's name anywhere in the list; no name is a part of another.
constexpr const char* kAllowed = "caching_sha2_password,sha256_password,mysql_native_password,client_ed25519";
constexpr const char* kAllowedIfVerified =
    "caching_sha2_password,sha256_password,mysql_native_password,client_ed25519,mysql_clear_password";
constexpr const char* kUserdataName = "chatload_login";

constexpr std::size_t kNonceBytes = 20;  // and a NUL
constexpr unsigned char kOkPacket = 0;
constexpr unsigned char kSwitchPacket = 254;
constexpr std::string_view kFastLoginDone{"\x03", 1};
constexpr std::string_view kFullLoginNeeded{"\x04", 1};

// The client library's struct st_mysql_client_plugin_AUTHENTICATION. Its header mysql/client_plugin.h includes one that
// Debian does not install.
constexpr int kAuthenticationPlugin = 2;
constexpr unsigned kInterfaceVersion = 0x0100;
struct AuthenticationPlugin {
  MYSQL_CLIENT_PLUGIN_HEADER
  int (*authenticate_user)(MYSQL_PLUGIN_VIO* vio, MYSQL* connection);
};

}  // namespace

class Login::Dialogue {
 public:
  Dialogue(MYSQL_PLUGIN_VIO& vio, MYSQL& connection, Login& login)
      : vio_(vio), connection_(connection), login_(login) {}

  int caching_sha2() {
    if (!opens_gate()) return CR_ERROR;
    const auto nonce = read();
    if (!nonce) return CR_ERROR;
    // An account that needs no proof, such as MariaDB's unix_socket, is let in at once.
    if (!nonce->empty() && static_cast<unsigned char>(nonce->front()) == kOkPacket) return CR_OK_HANDSHAKE_COMPLETE;
    if (!take_nonce(*nonce)) return CR_SERVER_HANDSHAKE_ERR;
    if (password().empty()) return sent(write(""));
    if (!write(scramble_of(password(), nonce_))) return CR_ERROR;
    const auto answer = read();
    if (!answer) return CR_ERROR;
    if (*answer == kFastLoginDone) return CR_OK;
    if (*answer != kFullLoginNeeded) return CR_SERVER_HANDSHAKE_ERR;
    return give_password(is_encrypted() || is_socket(), "\x02");
  }

  int sha256() {
    const auto nonce = read();
    if (!nonce) return CR_ERROR;
    if (!take_nonce(*nonce)) return CR_SERVER_HANDSHAKE_ERR;
    if (password().empty()) return sent(write(std::string_view("\0", 1)));
    return give_password(is_encrypted(), "\x01");
  }

 private:
  [[nodiscard]] std::string_view password() const { return login_.endpoint_.password; }
  [[nodiscard]] bool verifies() const { return login_.endpoint_.ssl_mode == SslMode::kVerifyIdentity; }

  bool opens_gate() {
    unsigned long offered = 0;
    mariadb_get_infov(&connection_, MARIADB_CONNECTION_SERVER_CAPABILITIES, &offered);
    login_.server_has_tls_ = (offered & CLIENT_SSL) != 0;
    const bool needs_tls = verifies() || login_.endpoint_.ssl_mode == SslMode::kRequired;
    if (needs_tls && !login_.server_has_tls_) {
      login_.lacks_tls_ = true;
      login_.refusal_ = "the server has no TLS";
      return false;
    }
    return allow(kAllowed);
  }

  bool allow(const char* plugins) { return mysql_options(&connection_, MARIADB_OPT_RESTRICTED_AUTH, plugins) == 0; }

  bool take_nonce(std::string_view text) {
    if (text.size() != kNonceBytes + 1) return false;
    nonce_ = text.substr(0, kNonceBytes);
    return true;
  }

  [[nodiscard]] bool is_encrypted() const {
    const char* const cipher = mysql_get_ssl_cipher(&connection_);
    return cipher != nullptr && *cipher != '\0';
  }
  [[nodiscard]] bool is_socket() const {
    MYSQL_PLUGIN_VIO_INFO transport{};
    vio_.info(&vio_, &transport);
    return transport.protocol == MYSQL_PLUGIN_VIO_INFO::MYSQL_VIO_SOCKET;
  }
  [[nodiscard]] bool may_ask_for_key() const {
    return login_.endpoint_.asks_for_public_key || login_.endpoint_.ssl_mode == SslMode::kPreferred || is_socket();
  }

  int give_password(bool whole, std::string_view key_request) {
    if (whole) return sent(write(std::string(password()) + '\0'));
    std::string key = login_.endpoint_.server_public_key;
    if (key.empty()) {
      if (!may_ask_for_key()) {
        return refuse(
            "the server wants the password itself, and the connection has no TLS. Use TLS, or give the server's RSA "
            "key with --server-public-key-file. On a network that you trust, --get-server-public-key takes the key "
            "that the server sends");
      }
      if (!write(key_request)) return CR_ERROR;
      const auto sent_key = read();
      if (!sent_key) return CR_ERROR;
      key = *sent_key;
    }
    const std::string encrypted = encrypt_password(password(), nonce_, key);
    if (encrypted.empty()) {
      return refuse(
          "the server sent no RSA public key that can encrypt this password. Use TLS, or give its key with "
          "--server-public-key-file");
    }
    return sent(write(encrypted));
  }

  int refuse(std::string why) {
    login_.refusal_ = std::move(why);
    return CR_ERROR;
  }

  // Nothing if the connection failed or the server wants another plugin. The library knows which.
  std::optional<std::string> read() {
    unsigned char* packet = nullptr;
    const int bytes = vio_.read_packet(&vio_, &packet);
    // Not before TLS is there: the library checks the certificate before it sends anything within TLS.
    if (verifies() && is_encrypted()) allow(kAllowedIfVerified);
    if (bytes < 0) {
      note_plugin_wanted();
      return std::nullopt;
    }
    return std::string(reinterpret_cast<const char*>(packet), static_cast<std::size_t>(bytes));
  }

  // For the message: when a plugin is not allowed, the library's own message names another one.
  void note_plugin_wanted() {
    if (connection_.net.buff == nullptr) return;  // the connection is lost, and the packet with it
    const unsigned char* const packet = connection_.net.read_pos;
    if (packet == nullptr || packet[0] != kSwitchPacket) return;
    login_.plugin_wanted_ = reinterpret_cast<const char*>(packet + 1);
    if (login_.plugin_wanted_.empty()) login_.plugin_wanted_ = "mysql_old_password";
  }

  bool write(std::string_view text) {
    return vio_.write_packet(&vio_, reinterpret_cast<const unsigned char*>(text.data()),
                             static_cast<int>(text.size())) == 0;
  }
  static int sent(bool is_sent) { return is_sent ? CR_OK : CR_ERROR; }

  MYSQL_PLUGIN_VIO& vio_;
  MYSQL& connection_;
  Login& login_;
  std::string nonce_;
};

namespace {

// The client library calls this, so no exception may leave it.
template <int (Login::Dialogue::*kTalk)()>
int authenticate(MYSQL_PLUGIN_VIO* vio, MYSQL* connection) noexcept {
  try {
    void* login = nullptr;
    mysql_get_optionv(connection, MARIADB_OPT_USERDATA, const_cast<char*>(kUserdataName), &login);
    if (login == nullptr) return CR_ERROR;
    return (Login::Dialogue(*vio, *connection, *static_cast<Login*>(login)).*kTalk)();
  } catch (...) {
    return CR_OUT_OF_MEMORY;
  }
}

AuthenticationPlugin plugin(const char* name, int (*authenticate_user)(MYSQL_PLUGIN_VIO*, MYSQL*)) {
  AuthenticationPlugin made{};
  made.type = kAuthenticationPlugin;
  made.interface_version = kInterfaceVersion;
  made.name = name;
  made.author = "chatload";
  made.desc = "password login that looks at the transport";
  made.license = "";
  made.authenticate_user = authenticate_user;
  return made;
}

// Once in a process: the library keeps them until the process ends.
bool replace_plugins(MYSQL& connection) {
  static std::array<AuthenticationPlugin, 2> plugins{plugin(kGate, authenticate<&Login::Dialogue::caching_sha2>),
                                                     plugin(kSha256, authenticate<&Login::Dialogue::sha256>)};
  static std::once_flag tried;
  static bool are_ours = true;
  std::call_once(tried, [&] {
    for (AuthenticationPlugin& ours : plugins) {
      auto* const registered =
          mysql_client_register_plugin(&connection, reinterpret_cast<st_mysql_client_plugin*>(&ours));
      are_ours = are_ours && registered == reinterpret_cast<st_mysql_client_plugin*>(&ours);
    }
  });
  return are_ours;
}

}  // namespace

Login::Login(MYSQL& connection, const Endpoint& endpoint) : endpoint_(endpoint) {
  if (!replace_plugins(connection) || mysql_options(&connection, MYSQL_DEFAULT_AUTH, kGate) != 0 ||
      mysql_options(&connection, MARIADB_OPT_RESTRICTED_AUTH, kGate) != 0 ||
      mysql_optionsv(&connection, MARIADB_OPT_USERDATA, kUserdataName, static_cast<void*>(this)) != 0) {
    throw ConnectError(CR_AUTH_PLUGIN_ERR,
                       "The client library does not let chatload guard the password; unset LIBMYSQL_PLUGINS, or use "
                       "the libmariadb of Debian 12.");
  }
}

}  // namespace chatload::mysql
