// chatload_references: the data of lookups, kept so that a load continues with what it began with.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "mapping/reference_table.h"
#include "mysql/session.h"

namespace chatload::ledger {

// It stays for 23 hours, and for as long as a load that is not done has its digest in its plan. Data that is there
// already is not sent again. Idempotent. Throws StatementError.
void keep_reference(mysql::Session& session, const mapping::ReferenceTable& table);

// Its text (ReferenceTable::write_text) in parts, in their order; false where none is there. Parts that are lost or
// damaged are left out: the digest tells. Throws StatementError.
[[nodiscard]] bool read_reference(mysql::Session& session, const std::string& digest,
                                  const std::function<void(std::string_view)>& take);

// Removes what no load that is not done has in its plan, and none has begun with in the last 23 hours. Throws
// StatementError.
void forget_unused_references(mysql::Session& session);

}  // namespace chatload::ledger
