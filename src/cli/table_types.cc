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

mapping::DeclaredTypes table_types(std::function<mysql::Endpoint()> endpoint) {
  auto types = std::make_shared<std::optional<std::map<std::string, std::string>>>();
  return [types, endpoint = std::move(endpoint)](const std::string& table,
                                                 const std::string& column) -> std::optional<std::string> {
    if (!*types) {
      const mysql::Endpoint server = endpoint();
      try {
        mysql::Session session = mysql::Session::connect(server, mysql::kReadTimeoutSeconds);
        *types = table::declared_types(session, table);
      } catch (const mysql::StatementError& error) {
        throw DatabaseError(fmt::format(
            "The database at {} does not say the types of `{}`: {}; fix that and run the same command again.",
            server.display(), table, error.what()));
      }
    }
    const auto found = (*types)->find(column);
    return found == (*types)->end() ? std::nullopt : std::optional(found->second);
  };
}

}  // namespace chatload::cli
