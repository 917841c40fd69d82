#include "cli/resume_command.h"

#include "base/shell_word.h"
#include "source/remote_name.h"

namespace chatload::cli {
bool is_flag_of_one_run(std::string_view key) { return key == "restart" || key == "reload" || key == "allow-doubles"; }

std::string resume_command(const std::vector<std::string>& arguments) {
  std::string command;
  bool has_secrets = false;
  bool is_behind_flags = false;  // what follows "--" is INPUT, whatever it looks like
  for (const std::string& argument : arguments) {
    is_behind_flags = is_behind_flags || argument == "--";
    const bool is_long_flag = !is_behind_flags && argument.starts_with("--");
    if (is_long_flag && is_flag_of_one_run(argument.substr(2, argument.find('=') - 2))) continue;
    const std::string shown = source::is_url(argument) ? source::name_of_url(argument) : argument;
    has_secrets = has_secrets || shown != argument;
    command += (command.empty() ? "" : " ") + shell_word(shown);
  }
  return has_secrets ? command + "  # with its URLs as they were given, or new ones" : command;
}

}  // namespace chatload::cli
