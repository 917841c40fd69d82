// The numbers of errors by name: ER_ those of the servers, CR_ the client's own, both of MariaDB's headers, and those
// of MySQL alone, which are not there.
#pragma once

#include <errmsg.h>
#include <mysqld_error.h>

namespace chatload::write {

inline constexpr int kSecureTransportRequired = 3159;
inline constexpr int kDisabledStorageEngine = 3161;
inline constexpr int kSessionWasKilled = 3169;
inline constexpr int kCheckConstraintViolated = 3819;
inline constexpr int kCannotConvertString = 3854;
inline constexpr int kClientInteractionTimeout = 4031;

}  // namespace chatload::write
