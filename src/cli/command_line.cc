#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "cli/config_file.h"
#include "cli/flags.h"

namespace chatload::cli {
namespace {

constexpr const char* kHelpHelp = "print this and exit";
constexpr std::size_t kHelpColumn = 32;
constexpr std::array<std::string_view, 6> kGroups = {"Database", "Filters", "Rejects and summary",
                                                     "Watching", "Tuning",  "General"};

// "chatload schema apply"
std::string name_of(const CLI::App& command) {
  return command.get_parent() == nullptr ? command.get_name()
                                         : name_of(*command.get_parent()) + ' ' + command.get_name();
}

// --help: usage, what the command does, its arguments or subcommands, its flags by group in the order of kGroups.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const override {
    const std::vector<const CLI::App*> commands = app->get_subcommands([](const CLI::App*) { return true; });
    const CLI::Option* input = app->get_option_no_throw("INPUT");
    std::string text = fmt::format("Usage: {}{}{}\n\n{}\n", name_of(*app), commands.empty() ? "" : " COMMAND",
                                   input == nullptr ? " [flags]" : " [flags] INPUT...", app->get_description());
    if (input != nullptr) text += "\n" + row("INPUT...", input->get_description());
    if (!commands.empty()) text += "\nCommands (COMMAND --help says more):\n";
    for (const CLI::App* command : commands) text += row(command->get_name(), command->get_description());
    for (const std::string_view group : kGroups) {
      const auto options = app->get_options(
          [&](const CLI::Option* option) { return option->get_group() == group && option->nonpositional(); });
      if (!options.empty()) text += fmt::format("\n{}:\n", group);
      for (const CLI::Option* option : options) {
        text += row(CLI::detail::join(split_names(*option), ", ") + ' ' + option->get_option_text(),
                    option->get_description());
      }
    }
    return text;
  }

 private:
  static std::vector<std::string> split_names(const CLI::Option& option) {
    return CLI::detail::split(option.get_name(false, true), ',');
  }

  static std::string row(std::string_view left, std::string_view right) {
    const std::string_view gap = left.size() + 3 > kHelpColumn ? "\n" : "";
    return fmt::format("  {}{}{:{}}{}\n", left, gap, "", gap.empty() ? kHelpColumn - 2 - left.size() : kHelpColumn,
                       right);
  }
};

// A command of its own flags; `section` is where they stand in a configuration file.
struct Command {
  CLI::App* app;
  std::string section;
};

// Declares flags on one command, each as text that ends up in Flags.
class Declarer {
 public:
  explicit Declarer(CLI::App& app) : app_(app) {}

  Declarer& group(std::string name) {
    group_ = std::move(name);
    return *this;
  }

  // Takes one value.
  Declarer& flag(const std::string& name, const std::string& value_name, FlagText& text, const std::string& help) {
    add(name, value_name, help, [&text](const CLI::results_t& values) {
      text = values.back();
      return true;
    });
    return *this;
  }

  // Takes one value each time it is given.
  Declarer& repeatable_flag(const std::string& name, const std::string& value_name, std::vector<std::string>& texts,
                            const std::string& help) {
    add(name, value_name, help, [&texts](const CLI::results_t& values) {
      texts = values;
      return true;
    })->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    return *this;
  }

 private:
  CLI::Option* add(const std::string& name, const std::string& value_name, const std::string& help,
                   CLI::callback_t store) {
    return app_.add_option(name, std::move(store), help)->option_text(value_name)->group(group_);
  }

  CLI::App& app_;
  std::string group_;
};

void declare_inputs(CLI::App& app, Flags& flags) {
  app.add_option("INPUT", flags.inputs, "gzip or plain text: a path, a glob, or - for standard input; read in order");
}

void declare_connection(Declarer declare, Flags& flags, const std::string& purpose) {
  declare.flag("--to", "URL", flags.to, purpose + ": mysql://user@host:3306/database (default $CHATLOAD_TO)")
      .flag("--password-file", "FILE", flags.password_file,
            "password on its first line (default $MYSQL_PWD, then ~/.my.cnf, its user too)");
}

void declare_load(CLI::App& app, Flags& flags) {
  declare_inputs(app, flags);
  declare_connection(Declarer(app).group("Database"), flags, "where to load");
  Declarer(app)
      .group("Database")
      .flag("--on-duplicate", "skip|replace|fail", flags.on_duplicate,
            "a line whose id is there: first wins, last wins, stop (default skip)")
      .flag("--connections", "N", flags.connections, "parallel writers, 1 to 64 (default: the cores, at most 8)");
}

void declare_check(CLI::App& app, Flags& flags) {
  declare_inputs(app, flags);
  Declarer(app)
      .group("Database")
      .flag("--limits-from", "URL", flags.limits_from, "take the column limits of this database's table")
      .flag("--password-file", "FILE", flags.password_file,
            "password for --limits-from (default $MYSQL_PWD, then ~/.my.cnf, its user too)");
}

// What load and check have in common.
void declare_run(CLI::App& app, Flags& flags) {
  Declarer(app)
      .group("Filters")
      .repeatable_flag("--type", "TYPE", flags.types, "only this type, repeatable (default: message and status)")
      .repeatable_flag("--site", "SITE", flags.sites, "only this site_id, repeatable (default: every site)")
      .flag("--since", "TIME", flags.since, "only from this instant on: RFC 3339, a date, or epoch seconds")
      .flag("--until", "TIME", flags.until, "only before this instant")
      .group("Rejects and summary")
      .flag("--rejects", "FILE.json.gz", flags.rejects, "write every rejected line here, with its reason")
      .flag("--max-rejects", "N|P%", flags.max_rejects,
            "stop beyond this many, or this share, of an input's lines (default: never)")
      .flag("--summary", "FILE", flags.summary, "write the final figures as JSON")
      .group("Watching")
      .flag("--progress", "auto|bar|lines|none", flags.progress,
            "auto is a bar on a terminal, else lines (default auto)")
      .flag("--progress-interval", "DURATION", flags.progress_interval, "time between progress lines (default 10s)")
      .flag("--log-format", "text|json", flags.log_format, "of what goes to standard error (default text)")
      .group("Tuning")
      .flag("--threads", "N", flags.threads, "parser threads, 1 to 256 (default: the cores)")
      .flag("--range-size", "SIZE", flags.range_size, "JSON in one transaction, 4K to 1G (default 4M)")
      .flag("--max-line", "SIZE", flags.max_line, "a longer line is rejected, 1K to 1G (default 1M)")
      .flag("--memory", "SIZE", flags.memory, "bound on memory (default 256M, or what the two sizes above need)")
      .flag("--inflater", "isal|zlib", flags.inflater, "library that decompresses (default isal)");
}

// Last, so that every command has its flags and its --config and --help at the end.
void declare_general(CLI::App& app, FlagText& config) {
  Declarer(app).group("General").flag("--config", "FILE", config,
                                      "flags from this TOML file: weaker than those here, stronger than $CHATLOAD_TO");
}

// CLI11's grammar of our commands, bound to the texts it fills.
class Grammar {
 public:
  Grammar() {
    app_.formatter(std::make_shared<HelpFormatter>());
    app_.set_help_flag("-h,--help", kHelpHelp)->group("General");
    app_.set_version_flag("--version", "chatload " CHATLOAD_VERSION, "print the version and exit")->group("General");
    app_.require_subcommand(0, 1);
    declare_load(add_command(app_, "load", "load", "Loads INPUT into the table chat_messages."), flags_);
    declare_check(
        add_command(app_, "check", "check", "Parses and validates INPUT as load does, and writes to no database."),
        flags_);
    for (const Command& command : commands_) declare_run(*command.app, flags_);
    schema_ = app_.add_subcommand("schema", "Prints, applies or checks the DDL of chat_messages.");
    schema_->set_help_flag("-h,--help", kHelpHelp)->group("General");
    schema_->require_subcommand(0, 1);
    add_command(*schema_, "print", "schema", "Prints the DDL.");
    CLI::App& apply =
        add_command(*schema_, "apply", "schema", "Creates what is missing and changes nothing that is there.");
    CLI::App& check = add_command(*schema_, "check", "schema", "Says whether the table can be loaded into.");
    declare_connection(Declarer(apply).group("Database"), flags_, "where to create it");
    declare_connection(Declarer(check).group("Database"), flags_, "where to look");
    for (const Command& command : commands_) declare_general(*command.app, config_);
  }
  Grammar(const Grammar&) = delete;
  Grammar& operator=(const Grammar&) = delete;

  // The plan's raw flags, or the text of --help or --version.
  std::optional<EarlyExit> parse(int argc, const char* const* argv) {
    const char* const* end = std::find(argv, argv + argc, std::string_view("--"));
    try {
      app_.parse(static_cast<int>(end - argv), argv);
    } catch (const CLI::CallForHelp&) {
      return EarlyExit{deepest_command().help()};
    } catch (const CLI::CallForVersion&) {
      return EarlyExit{"chatload " CHATLOAD_VERSION "\n"};
    } catch (const CLI::ExtrasError&) {
      refuse_extra();
    } catch (const CLI::ArgumentMismatch& error) {
      refuse_mismatch(error.what());
    } catch (const CLI::ParseError& error) {
      throw UsageError(fmt::format("{}; `{} --help` says more.", error.what(), name_of(deepest_command())));
    }
    if (end != argv + argc) add_inputs({end + 1, argv + argc});
    if (config_) apply_config(read_config(*config_), *config_);
    if (const char* to = std::getenv("CHATLOAD_TO"); to != nullptr && !flags_.to) flags_.to = to;
    return std::nullopt;
  }

  [[nodiscard]] Plan plan() {
    CLI::App& command = deepest_command();
    if (&command == &app_) throw UsageError("Name a command: load, check or schema; `chatload --help` says more.");
    if (&command == schema_) throw UsageError("Say what to do with the schema: print, apply or check.");
    if (command.get_parent() == schema_) return make_schema_plan(schema_action(command.get_name()), flags_);
    if (command.get_name() == "load") return make_load_plan(flags_);
    return make_check_plan(flags_);
  }

 private:
  CLI::App& add_command(CLI::App& parent, const std::string& name, const std::string& section,
                        const std::string& description) {
    CLI::App* command = parent.add_subcommand(name, description);
    command->set_help_flag("-h,--help", kHelpHelp)->group("General");
    commands_.push_back({command, section});
    return *command;
  }

  static SchemaAction schema_action(std::string_view name) {
    if (name == "print") return SchemaAction::kPrint;
    return name == "apply" ? SchemaAction::kApply : SchemaAction::kCheck;
  }

  // The last command named: `chatload schema apply` is apply.
  CLI::App& deepest_command() {
    CLI::App* command = &app_;
    while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
    return *command;
  }

  // CLI11 says "--to: 1 required URL missing" or "--to: At Most 1 required but received 2".
  [[noreturn]] static void refuse_mismatch(std::string_view message) {
    const std::string_view flag = message.substr(0, message.find(':'));
    throw UsageError(
        fmt::format("{} {}.", flag, message.ends_with("missing") ? "takes a value" : "is given more than once"));
  }

  [[noreturn]] void refuse_extra() {
    const std::string name = name_of(deepest_command());
    const std::string extra = app_.remaining(true).front();
    const std::string flag = extra.substr(0, extra.find('='));
    if (flag.starts_with('-') && deepest_command().get_option_no_throw(flag) != nullptr) {
      throw UsageError(fmt::format("{0} stands before its command; flags stand behind it: `{1} {0} ...`.", flag, name));
    }
    const std::string_view noun = extra.starts_with('-') ? "flag" : "command or argument";
    throw UsageError(fmt::format("'{}' is no {} of `{}`; `{} --help` lists what is.", extra, noun, name, name));
  }

  // What follows "--" is INPUT, whatever it looks like. CLI11 would see flags in it once an INPUT stands before the
  // "--".
  void add_inputs(const std::vector<std::string>& inputs) {
    if (!inputs.empty() && deepest_command().get_option_no_throw("INPUT") == nullptr) {
      throw UsageError(fmt::format("`{}` takes no INPUT such as '{}'.", name_of(deepest_command()), inputs.front()));
    }
    flags_.inputs.insert(flags_.inputs.end(), inputs.begin(), inputs.end());
  }

  // Sections first: they are stronger than keys for every command.
  void apply_config(const std::vector<ConfigEntry>& entries, std::string_view file) {
    for (const ConfigEntry& entry : entries) require_known(entry, file);
    CLI::App& running = deepest_command();
    std::string section;
    for (const Command& command : commands_) {
      if (command.app == &running) section = command.section;
    }
    for (const std::string& wanted : {section, std::string()}) {
      for (const ConfigEntry& entry : entries) {
        CLI::Option* option = entry.section == wanted ? configurable(running, entry.key) : nullptr;
        if (option != nullptr && option->count() == 0) set(*option, entry, file);
      }
    }
  }

  void require_known(const ConfigEntry& entry, std::string_view file) const {
    for (const Command& command : commands_) {
      const bool concerned = entry.section.empty() || entry.section == command.section;
      if (concerned && configurable(*command.app, entry.key) != nullptr) return;
    }
    throw UsageError(fmt::format("{}:{}: '{}' is no flag of `chatload{}{}`.", file, entry.line, entry.key,
                                 entry.section.empty() ? "" : " ", entry.section));
  }

  static CLI::Option* configurable(CLI::App& command, const std::string& key) {
    return key == "config" || key == "help" ? nullptr : command.get_option_no_throw("--" + key);
  }

  static void set(CLI::Option& option, const ConfigEntry& entry, std::string_view file) {
    const bool repeatable = option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
    if (!repeatable && entry.values.size() != 1) {
      throw UsageError(fmt::format("{}:{}: '{}' takes one value.", file, entry.line, entry.key));
    }
    if (entry.values.empty()) return;
    option.add_result(entry.values);
    option.run_callback();
  }

  CLI::App app_{"Loads gzipped JSON-lines chat logs into MySQL.", "chatload"};
  CLI::App* schema_ = nullptr;
  std::vector<Command> commands_;
  Flags flags_;
  FlagText config_;
};

}  // namespace

Plan parse_command_line(int argc, const char* const* argv) {
  Grammar grammar;
  if (auto early_exit = grammar.parse(argc, argv)) return *early_exit;
  return grammar.plan();
}

}  // namespace chatload::cli
