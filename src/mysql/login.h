// How a connection proves its password: the rules, in login.cc, of what may be sent to which server over what
// transport. Only connection.cc includes this header.
#pragma once

#include <mysql.h>

#include <string>

#include "mysql/endpoint.h"

namespace chatload::mysql {

// Construct it after mysql_init() and before mysql_real_connect(); it must live until that returns. One thread.
class Login {
 public:
  // Throws ConnectError if the client library does not take the rules. The endpoint must outlive this.
  Login(MYSQL& connection, const Endpoint& endpoint);
  Login(const Login&) = delete;
  Login& operator=(const Login&) = delete;
  ~Login() = default;

  // Why the rules ended the login, and what to do. Empty if they did not.
  [[nodiscard]] const std::string& refusal() const { return refusal_; }
  // Whether they ended it because the server has no TLS.
  [[nodiscard]] bool lacks_tls() const { return lacks_tls_; }

  // Whether the server's greeting offered TLS. False before the greeting.
  [[nodiscard]] bool server_has_tls() const { return server_has_tls_; }

  // The plugin that the server last asked for in place of ours. Empty if not known. Text of unknown origin.
  [[nodiscard]] const std::string& plugin_wanted() const { return plugin_wanted_; }

  // What the client library calls after the greeting, before anything is sent.
  class Dialogue;

 private:
  friend class Dialogue;
  const Endpoint& endpoint_;
  std::string refusal_;
  std::string plugin_wanted_;
  bool lacks_tls_ = false;
  bool server_has_tls_ = false;
};

}  // namespace chatload::mysql
