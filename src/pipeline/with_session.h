// A command that asks the database once, and is not repeated where that fails.
#pragma once

#include <fmt/format.h>

#include <cstdint>

#include "base/errors.h"
#include "write/endpoint.h"
#include "write/session.h"

namespace chatload::pipeline {

// body(session), and what it returns. Throws DatabaseError where the server refuses a statement.
template <typename Body>
auto with_session(const write::Endpoint& endpoint, std::uint32_t read_timeout_seconds, Body body) {
  write::Session session = write::Session::connect(endpoint, read_timeout_seconds);
  try {
    return body(session);
  } catch (const write::StatementError& error) {
    throw DatabaseError(fmt::format("The database at {} cannot be used: {}; fix that and run the same command again.",
                                    endpoint.display(), error.what()));
  }
}

}  // namespace chatload::pipeline
