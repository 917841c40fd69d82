#include "cli/help_formatter.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

namespace chatload::cli {
namespace {

constexpr std::size_t kHelpColumn = 32;
// In the order in which they are shown.
constexpr std::array<std::string_view, 14> kGroups = {
    "Database", "Ledger",  "Output",   "Mapping", "Filters", "Rejects and summary", "Index", "Inputs on servers",
    "Loads",    "Rejects", "Watching", "Tuning",  "General", "For experts"};

// The command's argument, INPUT or LOAD; null where it takes none.
const CLI::Option* argument_of(const CLI::App& app) {
  const auto arguments = app.get_options([](const CLI::Option* option) { return option->get_positional(); });
  return arguments.empty() ? nullptr : arguments.front();
}

std::vector<std::string> split_names(const CLI::Option& option) {
  return CLI::detail::split(option.get_name(false, true), ',');
}

std::string row(std::string_view left, std::string_view right) {
  const std::string_view gap = left.size() + 3 > kHelpColumn ? "\n" : "";
  return fmt::format("  {}{}{:{}}{}\n", left, gap, "", gap.empty() ? kHelpColumn - 2 - left.size() : kHelpColumn,
                     right);
}

}  // namespace

// "chatload schema apply"
std::string name_of(const CLI::App& command) {
  return command.get_parent() == nullptr ? command.get_name()
                                         : name_of(*command.get_parent()) + ' ' + command.get_name();
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const {
  const std::vector<const CLI::App*> commands = app->get_subcommands([](const CLI::App*) { return true; });
  const CLI::Option* argument = argument_of(*app);
  const auto own_flags = app->get_options([](const CLI::Option* option) { return option->get_group() != "General"; });
  const std::string_view command = commands.empty() ? "" : own_flags.empty() ? " COMMAND" : " [COMMAND]";
  std::string text = fmt::format("Usage: {}{} [flags]{}\n\n{}\n", name_of(*app), command,
                                 argument == nullptr ? "" : ' ' + argument->get_option_text(), app->get_description());
  if (argument != nullptr) text += "\n" + row(argument->get_option_text(), argument->get_description());
  if (!commands.empty()) text += "\nCommands (COMMAND --help says more):\n";
  for (const CLI::App* each : commands) text += row(each->get_name(), each->get_description());
  for (const std::string_view group : kGroups) {
    const auto options = app->get_options(
        [&](const CLI::Option* option) { return option->get_group() == group && option->nonpositional(); });
    if (!options.empty()) text += fmt::format("\n{}:\n", group);
    for (const CLI::Option* option : options) {
      const std::string value = option->get_option_text().empty() ? "" : ' ' + option->get_option_text();
      text += row(CLI::detail::join(split_names(*option), ", ") + value, option->get_description());
    }
  }
  return text;
}

}  // namespace chatload::cli
