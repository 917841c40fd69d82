// A command that asks the database once, and is not repeated where that fails.
#pragma once

#include <fmt/format.h>

#include <cstdint>

#include "base/errors.h"
#include "mysql/endpoint.h"
#include "mysql/session.h"

namespace chatload::command {

// body(session), and what it returns. Throws DatabaseError where the server refuses a statement.
template <typename Body>
auto with_session(const mysql::Endpoint& endpoint, std::uint32_t read_timeout_seconds, Body body) {
  mysql::Session session = mysql::Session::connect(endpoint, read_timeout_seconds);
  try {
    return body(session);
  } catch (const mysql::StatementError& error) {
    throw DatabaseError(fmt::format("The database at {} cannot be used: {}; fix that and run the same command again.",
                                    endpoint.display(), error.what()));
  }
}

}  // namespace chatload::command
