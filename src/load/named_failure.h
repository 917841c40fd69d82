// What ended a load, with its name in front.
#pragma once

#include <fmt/format.h>

#include <exception>
#include <string>

#include "base/errors.h"
#include "write/writer_pool.h"

namespace chatload::load {

// Runs body; a failure of the database or the source leaves with the name.
template <typename Body>
auto name_failures(const std::string& input, Body body) {
  const auto named = [&](const Error& error) { return fmt::format("{}: {}", input, error.what()); };
  try {
    return body();
  } catch (const LoadError& error) {
    throw LoadError(named(error));
  } catch (const DatabaseError& error) {
    throw DatabaseError(named(error));
  } catch (const SourceError& error) {
    throw SourceError(named(error));
  }
}

// What ended the pool; null if nothing did.
[[nodiscard]] std::exception_ptr failure_of(const write::WriterPool& pool, const std::string& input);

}  // namespace chatload::load
