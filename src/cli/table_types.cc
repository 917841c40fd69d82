#include "cli/table_types.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/errors.h"
#include "mysql/session.h"
#include "mysql/statement_error.h"
#include "table/declared_types.h"

namespace chatload::cli {
namespace {

using Types = std::map<std::string, std::string>;

Types ask(const mysql::Endpoint& server, const std::string& table, mysql::RetryPolicy* retry) {
  const auto begun = mysql::RetryPolicy::Clock::now();
  unsigned attempts = 0;
  const auto is_to_ask_again = [&](const auto& error) {
    return retry != nullptr && retry->may_redo(error) && retry->wait(begun, attempts++, error.what());
  };
  for (;;) {
    try {
      mysql::Session session = mysql::Session::connect(server, mysql::kReadTimeoutSeconds);
      return table::declared_types(session, table);
    } catch (const mysql::ConnectError& error) {
      if (!is_to_ask_again(error)) throw;
    } catch (const mysql::StatementError& error) {
      if (is_to_ask_again(error)) continue;
      throw DatabaseError(
          fmt::format("The database at {} does not say the types of `{}`: {}; fix that and run the same command again.",
                      server.display(), table, error.what()));
    }
  }
}

}  // namespace

mapping::DeclaredTypes table_types(std::function<mysql::Endpoint()> endpoint,
                                   std::shared_ptr<mysql::RetryPolicy> retry) {
  auto types = std::make_shared<std::optional<Types>>();
  return [types, endpoint = std::move(endpoint), retry = std::move(retry)](
             const std::string& table, const std::string& column) -> std::optional<std::string> {
    if (!*types) *types = ask(endpoint(), table, retry.get());
    const auto found = (*types)->find(column);
    return found == (*types)->end() ? std::nullopt : std::optional(found->second);
  };
}

}  // namespace chatload::cli
