// What people can do about a statement that the server refused.
#pragma once

#include <string>
#include <string_view>

#include "mysql/statement_error.h"

namespace chatload::mysql {

// Half a sentence that goes on with "and run the same command again": "free disk space on the server". account: what
// to do where the account lacks a privilege, and nowhere else: "use an account that may CREATE".
[[nodiscard]] std::string_view remedy(const StatementError& error, std::string_view account);

}  // namespace chatload::mysql
