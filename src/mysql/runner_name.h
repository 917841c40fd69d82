// The process that runs a load, as chatload_loads has it: "db1, process 10888 @7d03b2a1.1846213.17".
//
// What stands before the @ is for people. Behind it is what tells whether that process is still there: a digest of the
// machine's boot and the process's PID namespace, the process's start time, and its control connection, which holds its
// named locks. A process id alone comes again, and so does a host name in containers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace chatload::mysql {

// Of this process. connection_id: of its control connection.
[[nodiscard]] std::string runner_name(std::uint64_t connection_id);

// "db1, process 10888"
[[nodiscard]] std::string shown_runner(std::string_view name);

// Whether that process ran on this machine and is gone; false where this machine cannot tell.
[[nodiscard]] bool is_gone(std::string_view name);

// Of whoever holds a named lock, "connection 17": "db1, process 10888, connection 17". It adds that the process is
// gone, and when the server frees the lock at the latest, where that connection was the process's and this machine
// knows.
[[nodiscard]] std::string shown_holder(std::string_view name, std::string_view holder);

}  // namespace chatload::mysql
