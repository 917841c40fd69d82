// Who keeps an ALTER TABLE waiting, as far as the server tells. It needs the table's metadata lock, and the server's
// backup lock, which a backup or FLUSH TABLES WITH READ LOCK may hold.
#pragma once

#include <cstdint>
#include <string>

#include "mysql/session.h"

namespace chatload::table {

// Half a sentence for people about a connection that waits in an ALTER TABLE now: "another session uses `t` (…)" or "a
// backup holds the server's backup lock (…)". Empty where it waits for nobody, or the server does not tell.
[[nodiscard]] std::string why_alter_waits(mysql::Session& session, const std::string& table,
                                          std::uint64_t connection_id);

// The same once the wait was given up, when the server may no longer tell: then it names both possibilities.
[[nodiscard]] std::string why_alter_waited(mysql::Session& session, const std::string& table);

}  // namespace chatload::table
