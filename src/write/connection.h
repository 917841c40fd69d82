// An endpoint → an open connection of Connector/C++, TLS as asked. Only session.cc includes this header.
#pragma once

#include <mysql_connection.h>
#include <mysql_driver.h>

#include <cstdint>
#include <memory>

#include "write/endpoint.h"
#include "write/statement_error.h"

namespace chatload::write {

// The connector's driver, made once: its own accessor is not safe in several threads, this one is.
[[nodiscard]] sql::mysql::MySQL_Driver& driver();

// Throws ConnectError, one sentence with what to do next. read_timeout_seconds as in Session::connect.
[[nodiscard]] std::unique_ptr<sql::mysql::MySQL_Connection> open_connection(const Endpoint& endpoint,
                                                                            std::uint32_t read_timeout_seconds);

}  // namespace chatload::write
