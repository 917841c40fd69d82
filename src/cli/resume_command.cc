#include "cli/resume_command.h"

#include "base/shell_word.h"

namespace chatload::cli {
bool is_flag_of_one_run(std::string_view key) { return key == "restart" || key == "reload"; }

std::string resume_command(const std::vector<std::string>& arguments) {
  std::string command;
  bool is_behind_flags = false;  // what follows "--" is INPUT, whatever it looks like
  for (const std::string& argument : arguments) {
    is_behind_flags = is_behind_flags || argument == "--";
    const bool is_long_flag = !is_behind_flags && argument.starts_with("--");
    if (is_long_flag && is_flag_of_one_run(argument.substr(2, argument.find('=') - 2))) continue;
    command += (command.empty() ? "" : " ") + shell_word(argument);
  }
  return command;
}

}  // namespace chatload::cli
