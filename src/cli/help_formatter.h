// --help of every command.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace chatload::cli {

// "chatload schema apply"
[[nodiscard]] std::string name_of(const CLI::App& command);

// Usage, what the command does, its argument and subcommands, its flags by group.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

}  // namespace chatload::cli
