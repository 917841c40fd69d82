// Flags as they were written: text that nobody has judged yet, from the command line, the configuration file and the
// environment. What they mean is decided in plan.cc. A switch is "true" or "false".
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace chatload::cli {

using FlagText = std::optional<std::string>;

struct Flags {
  std::vector<std::string> inputs;
  std::vector<std::string> sources;  // of a load, by their numbers
  FlagText inflater, range_size, max_line, memory, threads;
  std::vector<std::string> types, sites, only;
  FlagText mapping, records;
  FlagText since, until;
  FlagText to, password_file, server_public_key_file, get_server_public_key;
  FlagText limits_from, duplicates, on_duplicate, connections, order, spill_dir, indexes, write_method, max_lag;
  std::vector<std::string> max_load, replicas;
  FlagText rejects, max_rejects, summary, metrics, report;
  FlagText progress, progress_interval, log_format;
  FlagText restart, reload, source_id, wait_lock, retry_for, fail_fast, any_order, source, share, share_size,
      lookup_store;
  FlagText allow_doubles;
  FlagText without_indexes;
  FlagText index_dir, save_index, show;
  FlagText ca_file, cache_dir, http_authorization, requester_pays, no_sign_request;
  FlagText load, format, older_than, raw, output;
  FlagText level, members, split, keep_rejected;
  FlagText sample, table, diff;
  FlagText config;             // where some of these come from
  std::string resume_command;  // the command line again; see LoadPlan
};

}  // namespace chatload::cli
