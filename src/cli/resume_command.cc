#include "cli/resume_command.h"

namespace chatload::cli {
namespace {

// One word of a POSIX shell.
std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./,:=@%+";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) return std::string(text);
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + '\'';
}

}  // namespace

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
