// The command that goes on with what this command line began, for messages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace chatload::cli {

// --restart and --reload: a configuration file, or a message, that held them would load everything again each time.
[[nodiscard]] bool is_flag_of_one_run(std::string_view key);

// argv as one line that a POSIX shell takes again, without the flags of one run. A URL that holds a secret is shown by
// its name, and a comment says so. Throws what source::name_of_url() throws.
[[nodiscard]] std::string resume_command(const std::vector<std::string>& arguments);

}  // namespace chatload::cli
