// Error numbers by name. ER_ (the server's) and CR_ (the client library's) come from MariaDB's headers; the constants
// below are errors that only MySQL has, but for one.
#pragma once

#include <errmsg.h>
#include <mysqld_error.h>

namespace chatload::mysql {

inline constexpr int kReplicationHookFailed = 3100;
inline constexpr int kSecureTransportRequired = 3159;
inline constexpr int kDisabledStorageEngine = 3161;
inline constexpr int kSessionWasKilled = 3169;
inline constexpr int kCheckConstraintViolated = 3819;
inline constexpr int kCannotConvertString = 3854;
inline constexpr int kClientInteractionTimeout = 4031;
inline constexpr int kTransactionTooLarge = 8004;  // TiDB

}  // namespace chatload::mysql
