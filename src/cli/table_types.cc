#include "cli/table_types.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/errors.h"
#include "mysql/control_connection.h"
#include "mysql/retry_policy.h"
#include "mysql/session.h"
#include "mysql/statement_error.h"
#include "table/declared_types.h"

namespace chatload::cli {
namespace {

using Types = std::map<std::string, std::string>;

Types ask(const mysql::Endpoint& server, const std::string& table, std::chrono::milliseconds retry_for,
          const StopSignal& stop) {
  mysql::RetryPolicy retry(retry_for, stop);
  mysql::ControlConnection control([&] { return mysql::Session::connect(server, mysql::kReadTimeoutSeconds); }, retry,
                                   stop);
  return control.run([&](mysql::Session& session) {
    try {
      return table::declared_types(session, table);
    } catch (const mysql::StatementError& error) {
      if (retry_for.count() > 0 && retry.may_redo(error)) throw;
      throw DatabaseError(
          fmt::format("The database at {} does not say the types of `{}`: {}; fix that and run the same command again.",
                      server.display(), table, error.what()));
    }
  });
}

}  // namespace

mapping::DeclaredTypes table_types(std::function<mysql::Endpoint()> endpoint, std::chrono::milliseconds retry_for,
                                   const StopSignal& stop) {
  auto types = std::make_shared<std::optional<Types>>();
  return [types, endpoint = std::move(endpoint), retry_for, &stop](
             const std::string& table, const std::string& column) -> std::optional<std::string> {
    if (!*types) *types = ask(endpoint(), table, retry_for, stop);
    const auto found = (*types)->find(column);
    return found == (*types)->end() ? std::nullopt : std::optional(found->second);
  };
}

}  // namespace chatload::cli
