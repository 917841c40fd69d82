// Over 400 lines: what is said of each flag and command stands here, and nothing else.
#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
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
#include "cli/help_formatter.h"
#include "cli/resume_command.h"

namespace chatload::cli {
namespace {

constexpr const char* kHelpHelp = "print this and exit";
constexpr const char* kForExperts = "For experts";  // flags that few need

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

  // Takes no value; the text is "true".
  Declarer& switch_flag(const std::string& name, FlagText& text, const std::string& help) {
    flag(name, "", text, help);
    app_.get_option(name)->expected(0);
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
  app.add_option("INPUT", flags.inputs, "gzip, zstd or text: a path, a glob, - (standard input), s3:// or http(s)://")
      ->option_text("INPUT...");
}

// The keys are for a login without TLS, as MySQL's own clients have them.
void declare_login(Declarer declare, Flags& flags) {
  declare
      .flag("--password-file", "FILE", flags.password_file,
            "file whose first line is the password (default: $MYSQL_PWD, then ~/.my.cnf)")
      .group(kForExperts)
      .flag("--server-public-key-file", "FILE", flags.server_public_key_file,
            "without TLS: encrypt the password with this RSA key of the server (PEM)")
      .switch_flag("--get-server-public-key", flags.get_server_public_key,
                   "without TLS: take that key from the server; ssl-mode=preferred always does");
}

void declare_connection(Declarer declare, Flags& flags, const std::string& purpose) {
  declare.flag("--to", "URL", flags.to, purpose + ": mysql://user@host:3306/database (default $CHATLOAD_TO)");
  declare_login(declare, flags);
}

constexpr const char* kSpillDirHelp = "directory in which rows are sorted by key (default: $TMPDIR, else /var/tmp)";
constexpr const char* kAllowDoublesHelp = "without a primary key: lines that are in the table may be loaded again";

void declare_load(CLI::App& app, Flags& flags) {
  declare_inputs(app, flags);
  declare_connection(Declarer(app).group("Database"), flags, "where to load");
  Declarer(app)
      .group("Database")
      .flag("--on-duplicate", "skip|replace|fail", flags.on_duplicate,
            "keep an id's first line, its last, or fail (default: the mapping's, else skip)")
      .flag("--order", "auto|file|key", flags.order,
            "order of rows; auto: by key for random ids or many small files (default auto)")
      .flag("--spill-dir", "DIR", flags.spill_dir, kSpillDirHelp)
      .flag("--connections", "N", flags.connections,
            "parallel writers, 1 to 64 (default: one per core up to 8, as --memory allows)")
      .flag("--indexes", "auto|keep|defer", flags.indexes,
            "secondary indexes: kept, or built after the load (default auto)")
      .flag("--retry-for", "DURATION", flags.retry_for,
            "if a server is away: retry this long since the last progress (default 5min)")
      .repeatable_flag("--max-load", "NAME=NUMBER", flags.max_load,
                       "pause while this status variable of the server is above NUMBER; repeatable")
      .flag("--max-lag", "DURATION", flags.max_lag,
            "pause while a --replica is further behind, has stopped, or cannot be asked")
      .repeatable_flag("--replica", "URL", flags.replicas,
                       "a replica whose lag counts for --max-lag; a URL as for --to; repeatable")
      .group("Ledger")
      .switch_flag("--restart", flags.restart,
                   "start an unfinished load over; its rows stay and count as duplicate or updated")
      .switch_flag("--reload", flags.reload,
                   "load a finished source again; its rows stay and count as duplicate or updated")
      .switch_flag("--allow-doubles", flags.allow_doubles, kAllowDoublesHelp)
      .flag("--source-id", "NAME", flags.source_id,
            "recognise the input by this name, not by its content; also standard input")
      .switch_flag("--fail-fast", flags.fail_fast, "stop at the first input that fails")
      .switch_flag("--any-order", flags.any_order,
                   "with --on-duplicate replace: load an input although one before it could not be")
      .switch_flag("--share", flags.share, "share the inputs with other runs of this command, on any host")
      .group("Watching")
      .flag("--metrics", "FILE.prom", flags.metrics,
            "write the run's figures to this file, for Prometheus' node_exporter")
      .flag("--report", "FILE.html", flags.report,
            "write a page about the run to this file: what happened, where its time went")
      .group(kForExperts)
      .flag("--write-method", "auto|insert|load-data", flags.write_method,
            "how rows are sent; auto: LOAD DATA if faster, allowed and as strict")
      .flag("--wait-lock", "DURATION", flags.wait_lock,
            "wait for a run of this load (default 15s), or for an index build (no limit)")
      .flag("--share-size", "SIZE", flags.share_size,
            "with --share: compressed bytes that a run takes at a time (default 1G)")
      .flag("--lookup-store", "SIZE", flags.lookup_store,
            "keep a lookup's data up to this size in the ledger, for a resume (default 64M)");
}

// Of commands that read inputs. retries: with --retry-for, which load has for the database, too.
void declare_remote(CLI::App& app, Flags& flags, bool retries) {
  Declarer declare = Declarer(app).group("Inputs on servers");
  declare.flag("--ca-file", "FILE", flags.ca_file, "trust these certificates (PEM) instead of the system's")
      .flag("--cache-dir", "DIR", flags.cache_dir, "keep objects that were read in this folder, and read them there")
      .flag("--http-authorization", "FILE", flags.http_authorization,
            "file whose first line is the Authorization header's value (default: ~/.netrc)")
      .switch_flag("--no-sign-request", flags.no_sign_request, "ask S3 without credentials")
      .switch_flag("--requester-pays", flags.requester_pays, "pay for what is read of S3 buckets that want that");
  if (!retries) return;
  declare.flag("--retry-for", "DURATION", flags.retry_for,
               "keep asking this long since the last byte if a server is away (default 5min)");
}

void declare_limits(Declarer declare, Flags& flags) {
  declare.flag("--limits-from", "URL", flags.limits_from, "take column limits, and types, of this database's table");
  declare_login(declare, flags);
}

void declare_check(CLI::App& app, Flags& flags) {
  declare_inputs(app, flags);
  declare_limits(Declarer(app).group("Database"), flags);
  Declarer(app)
      .group("Rejects and summary")
      .switch_flag("--duplicates", flags.duplicates, "also count the lines that have the key of an earlier one")
      .group("Tuning")
      .flag("--spill-dir", "DIR", flags.spill_dir, kSpillDirHelp);
}

void declare_index(CLI::App& app, Flags& flags) {
  app.add_option("INPUT", flags.inputs, "gzip: a path, a glob, s3:// or http(s)://")->option_text("INPUT...");
  Declarer(app)
      .group("Index")
      .flag("--index-dir", "DIR", flags.index_dir, "folder of the indexes (default: beside each INPUT)")
      .switch_flag("--show", flags.show, "make nothing, print the index that is there")
      .flag("--format", "table|json", flags.format, "with --show: for people or machines (default table)");
}

void declare_records(Declarer declare, Flags& flags) {
  declare.flag("--records", "FORM", flags.records,
               "lines, values, or an array with [*], as '$.Records[*]' (default lines)");
}

void declare_guess(CLI::App& app, Flags& flags) {
  declare_inputs(app, flags);
  declare_records(Declarer(app).group("Mapping"), flags);
  Declarer(app)
      .group("Output")
      .flag("-o,--output", "FILE.toml", flags.output, "write the mapping to this file (default: standard output)")
      .flag("--table", "NAME", flags.table, "the table's name (default: that of the first INPUT)")
      .flag("--diff", "FILE.toml", flags.diff,
            "write only what this mapping has no column for, and what it never found")
      .group("Tuning")
      .flag("--sample", "SIZE", flags.sample, "read only so much text, which may miss what comes later (default: all)")
      .flag("--max-line", "SIZE", flags.max_line, "leave out longer lines; 1K to 1G (default 1M)")
      .flag("--memory", "SIZE", flags.memory, "memory limit (default 256M)");
}

void declare_copy(CLI::App& app, Flags& flags) {
  declare_inputs(app, flags);
  Declarer(app)
      .group("Output")
      .flag("-o,--output", "OUT.json.gz", flags.output,
            "the gzip to write, or OUT.json.zst; it is in its place once it is whole")
      .flag("--level", "N", flags.level, "1 (fastest) to 12 (smallest) (default 6); of .zst 1 to 19 (default 3)")
      .flag("--members", "migz|bgzf|plain", flags.members,
            "framing: migz and bgzf can be inflated in parallel (default migz)")
      .flag("--split", "N|SIZE", flags.split,
            "N files, or files of SIZE of text: OUT-1.json.gz, OUT-2.json.gz and so on")
      .switch_flag("--keep-rejected", flags.keep_rejected, "copy rejected and blank lines, too");
}

void declare_mapping(Declarer declare, Flags& flags) {
  declare.flag("--mapping", "chat|FILE.toml", flags.mapping,
               "which JSON values become which columns of which table (default chat)");
}

// What load, check and copy have in common. default_types: what --type stands for where it is not given.
void declare_run(CLI::App& app, Flags& flags, const std::string& default_types) {
  declare_mapping(Declarer(app).group("Mapping"), flags);
  declare_records(Declarer(app).group("Mapping"), flags);
  Declarer(app)
      .group("Filters")
      .repeatable_flag("--type", "TYPE", flags.types,
                       "only lines of this type; repeatable (default: " + default_types + ")")
      .repeatable_flag("--site", "SITE", flags.sites, "only lines of this site_id; repeatable (default: every site)")
      .repeatable_flag("--only", "COLUMN=VALUE", flags.only,
                       "only lines with this value; values of one column are alternatives; repeatable")
      .flag("--since", "TIME", flags.since, "only lines from this time on: RFC 3339, a date, or epoch seconds")
      .flag("--until", "TIME", flags.until, "only lines before this time")
      .group("Rejects and summary")
      .flag("--rejects", "FILE.json.gz", flags.rejects,
            "write every rejected line to this file, with its reason (.gz or .zst)")
      .flag("--max-rejects", "N|P%", flags.max_rejects,
            "stop above this number or share (a share from line 10,000 on, and at the end)")
      .flag("--summary", "FILE", flags.summary, "write the final counts to this file, as JSON")
      .group("Watching")
      .flag("--progress", "auto|bar|lines|none", flags.progress, "auto: a bar on a terminal, else lines (default auto)")
      .flag("--log-format", "text|json", flags.log_format, "format of the log on standard error (default text)")
      .group("Tuning")
      .flag("--threads", "N", flags.threads, "parser threads, 1 to 256 (default: one per core, as --memory allows)")
      .flag("--max-line", "SIZE", flags.max_line, "reject longer lines; 1K to 1G (default 1M)")
      .flag("--memory", "SIZE", flags.memory, "memory limit (default 256M, or what other flags need)")
      .group("Index")
      .flag("--index-dir", "DIR", flags.index_dir, "folder of seek indexes (default: beside each INPUT)")
      .switch_flag("--save-index", flags.save_index, "make the seek index of each gzip that has none, while it is read")
      .group(kForExperts)
      .flag("--progress-interval", "DURATION", flags.progress_interval, "time between progress lines (default 10s)")
      .flag("--range-size", "SIZE", flags.range_size,
            "bytes of JSON in one transaction, 4K to 1G (default 4M, as --memory allows)")
      .flag("--inflater", "isal|zlib", flags.inflater, "library that decompresses (default isal)");
}

void declare_rejects(CLI::App& app, Flags& flags) {
  app.add_option("LOAD", flags.load, "the load's number, from `chatload loads`")->option_text("LOAD");
  declare_connection(Declarer(app).group("Database"), flags, "where the ledger is");
  Declarer(app)
      .group("Rejects")
      .flag("--source", "N", flags.source, "only those of this source, by its number from `chatload loads LOAD`")
      .switch_flag("--raw", flags.raw, "the lines as they were, to fix and load (default: JSON with the reason)")
      .flag("-o,--output", "FILE.json.gz", flags.output,
            "write them to this file, gzip or .zst (default: standard output, plain)");
}

void declare_report(CLI::App& app, Flags& flags) {
  app.add_option("LOAD", flags.load, "the load's number, from `chatload loads`")->option_text("LOAD");
  declare_connection(Declarer(app).group("Database"), flags, "where the ledger is");
  Declarer(app).group("Output").flag("-o,--output", "FILE.html", flags.output,
                                     "write the page to this file (default: standard output)");
}

void declare_forget(CLI::App& app, Flags& flags) {
  app.add_option("LOAD", flags.load, "the load's number, from `chatload loads`")->option_text("[LOAD]");
  declare_connection(Declarer(app).group("Database"), flags, "where the ledger is");
  Declarer(app)
      .group("Loads")
      .flag("--older-than", "DURATION", flags.older_than, "every load that ended longer ago than this, such as 30d")
      .switch_flag("--allow-doubles", flags.allow_doubles, kAllowDoublesHelp);
}

void declare_release(CLI::App& app, Flags& flags) {
  app.add_option("LOAD", flags.load, "the load's number, from `chatload loads`")->option_text("LOAD");
  app.add_option("SOURCE", flags.sources, "numbers from `chatload loads LOAD` (default: all that are not done)")
      ->option_text("[SOURCE...]");
  declare_connection(Declarer(app).group("Database"), flags, "where the ledger is");
}

// Last, so that every command has its flags and its --config and --help at the end.
void declare_general(CLI::App& app, FlagText& config) {
  Declarer(app).group("General").flag("--config", "FILE", config,
                                      "read flags from this TOML file; the command line wins over it");
}

// CLI11's grammar of our commands, bound to the texts it fills.
class Grammar {
 public:
  Grammar() {
    app_.formatter(std::make_shared<HelpFormatter>());
    app_.set_help_flag("-h,--help", kHelpHelp)->group("General");
    app_.set_version_flag("--version", "chatload " CHATLOAD_VERSION, "print the version and exit")->group("General");
    app_.require_subcommand(0, 1);
    declare_load(add_command(app_, "load", "load", "Loads INPUT into a table, by default chat_messages."), flags_);
    declare_check(
        add_command(app_, "check", "check", "Parses and validates INPUT as load does, without writing to a database."),
        flags_);
    CLI::App& copy = add_command(app_, "copy", "copy", "Filters INPUT and compresses it again, in parallel.");
    declare_copy(copy, flags_);
    for (const Command& command : commands_) {
      declare_run(*command.app, flags_, command.app == &copy ? "every type" : "message and status");
      declare_remote(*command.app, flags_, command.app != commands_.front().app);
    }
    CLI::App& index = add_command(app_, "index", "index",
                                  "Makes the seek index of INPUT, with which reading can begin in its middle.");
    declare_index(index, flags_);
    declare_remote(index, flags_, true);
    CLI::App& guess = add_command(app_, "guess", "guess", "Looks at INPUT and writes a mapping for it.");
    declare_guess(guess, flags_);
    declare_remote(guess, flags_, true);
    schema_ = app_.add_subcommand("schema", "Prints, applies or checks the DDL of the ledger and of the table.");
    schema_->set_help_flag("-h,--help", kHelpHelp)->group("General");
    schema_->require_subcommand(0, 1);
    CLI::App& print_ddl = add_command(*schema_, "print", "schema", "Prints the DDL.");
    CLI::App& apply =
        add_command(*schema_, "apply", "schema", "Creates what is missing and changes nothing that is there.");
    CLI::App& check = add_command(*schema_, "check", "schema", "Says whether the table can be loaded into.");
    for (CLI::App* command : {&print_ddl, &apply, &check}) declare_mapping(Declarer(*command).group("Mapping"), flags_);
    declare_limits(Declarer(print_ddl).group("Database"), flags_);
    declare_connection(Declarer(apply).group("Database"), flags_, "where to create it");
    Declarer(apply)
        .group("Database")
        .switch_flag("--without-indexes", flags_.without_indexes,
                     "leave secondary indexes out of an empty table, until the next schema apply");
    declare_connection(Declarer(check).group("Database"), flags_, "where to look");
    loads_ = &add_command(app_, "loads", "loads",
                          "Lists the loads in the ledger, or the sources of one: state, progress, counts.");
    loads_->require_subcommand(0, 1);
    loads_->add_option("LOAD", flags_.load, "list the sources of this load")->option_text("[LOAD]");
    declare_connection(Declarer(*loads_).group("Database"), flags_, "where the ledger is");
    Declarer(*loads_).group("Loads").flag("--format", "table|json", flags_.format,
                                          "for people or machines (default table)");
    declare_forget(
        add_command(*loads_, "forget", "loads", "Removes loads and their rejects from the ledger; their rows stay."),
        flags_);
    declare_release(add_command(*loads_, "release", "loads",
                                "Lets go of sources that are gone, so that their load can end without them."),
                    flags_);
    declare_rejects(add_command(app_, "rejects", "rejects", "Exports the rejected lines of a load."), flags_);
    declare_report(add_command(app_, "report", "report", "Writes a page about a load, from what the ledger knows."),
                   flags_);
    for (const Command& command : commands_) declare_general(*command.app, flags_.config);
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
    refuse_flags_of_other_commands();
    if (end != argv + argc) add_inputs({end + 1, argv + argc});
    if (flags_.config) apply_config(read_config(*flags_.config), *flags_.config);
    if (const char* to = std::getenv("CHATLOAD_TO"); to != nullptr && !flags_.to) flags_.to = to;
    flags_.resume_command = resume_command({argv, argv + argc});
    return std::nullopt;
  }

  [[nodiscard]] Plan plan(const StopSignal& stop) {
    CLI::App& command = deepest_command();
    if (&command == &app_)
      throw UsageError(
          "Name a command: load, check, copy, index, guess, schema, loads, rejects or report; `chatload --help` says "
          "more.");
    if (&command == schema_) throw UsageError("Say what to do with the schema: print, apply or check.");
    if (command.get_parent() == schema_) return make_schema_plan(schema_action(command.get_name()), flags_, stop);
    if (command.get_parent() == loads_) {
      return make_loads_plan(command.get_name() == "forget" ? LoadsAction::kForget : LoadsAction::kRelease, flags_);
    }
    if (&command == loads_) return make_loads_plan(LoadsAction::kList, flags_);
    if (command.get_name() == "rejects") return make_rejects_plan(flags_);
    if (command.get_name() == "report") return make_page_plan(flags_);
    if (command.get_name() == "index") return make_index_plan(flags_);
    if (command.get_name() == "guess") return make_guess_plan(flags_);
    if (command.get_name() == "load") return make_load_plan(flags_, stop);
    if (command.get_name() == "copy") return make_copy_plan(flags_);
    return make_check_plan(flags_, stop);
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

  [[noreturn]] void refuse_misplaced(std::string_view flag) {
    throw UsageError(fmt::format("{0} stands before its command; flags go after it: `{1} {0} ...`.", flag,
                                 name_of(deepest_command())));
  }

  // `chatload loads` takes flags, but not before a command of its own.
  void refuse_flags_of_other_commands() {
    if (deepest_command().get_parent() != loads_) return;
    for (const CLI::Option* option : loads_->get_options()) {
      if (option->count() > 0) refuse_misplaced(option->get_name());
    }
  }

  [[noreturn]] void refuse_extra() {
    const std::string name = name_of(deepest_command());
    const std::string extra = app_.remaining(true).front();
    const std::string flag = extra.substr(0, extra.find('='));
    if (flag.starts_with('-') && deepest_command().get_option_no_throw(flag) != nullptr) refuse_misplaced(flag);
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
      const CLI::Option* option = concerned ? configurable(*command.app, entry.key) : nullptr;
      if (option == nullptr) continue;
      require_fit(*option, entry, file);
      return;
    }
    throw UsageError(fmt::format("{}:{}: '{}' is no flag of `chatload{}{}`.", file, entry.line, entry.key,
                                 entry.section.empty() ? "" : " ", entry.section));
  }

  static void require_fit(const CLI::Option& option, const ConfigEntry& entry, std::string_view file) {
    if (is_flag_of_one_run(entry.key)) {
      throw UsageError(fmt::format("{}:{}: '{}' is for one run, so it stands on the command line only: --{}.", file,
                                   entry.line, entry.key, entry.key));
    }
    const bool is_switch = option.get_expected_max() == 0;
    if (is_switch == entry.is_boolean) return;
    throw UsageError(fmt::format(
        "{}:{}: '{}' {}.", file, entry.line, entry.key,
        is_switch ? "is a switch, so its value is true or false" : "takes a value other than true or false"));
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

  CLI::App app_{"Loads JSON-lines chat logs, gzip, zstd or plain, into MySQL.", "chatload"};
  CLI::App* schema_ = nullptr;
  CLI::App* loads_ = nullptr;
  std::vector<Command> commands_;
  Flags flags_;
};

}  // namespace

Plan parse_command_line(int argc, const char* const* argv, const StopSignal& stop) {
  Grammar grammar;
  if (auto early_exit = grammar.parse(argc, argv)) return *early_exit;
  return grammar.plan(stop);
}

}  // namespace chatload::cli
