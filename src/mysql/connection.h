// An endpoint → an open connection of libmariadb, TLS as asked. Only session.cc includes this header.
#pragma once

#include <mysql.h>

#include <cstdint>
#include <memory>
#include <string>

#include "mysql/endpoint.h"
#include "mysql/statement_error.h"

namespace chatload::mysql {

struct CloseConnection {
  void operator()(MYSQL* connection) const { mysql_close(connection); }
};
using Connection = std::unique_ptr<MYSQL, CloseConnection>;

// Throws ConnectError, one sentence with what to do next. read_timeout_seconds as in Session::connect;
// may_load_data: the server may ask for LOAD DATA's data, and the caller sets who answers.
[[nodiscard]] Connection open_connection(const Endpoint& endpoint, std::uint32_t read_timeout_seconds,
                                         bool may_load_data);

// The failure of a connection that could not be opened, or not be used once it was: the server's error number and
// words.
[[nodiscard]] ConnectError connect_failure(const Endpoint& endpoint, int code, const std::string& message);

}  // namespace chatload::mysql
