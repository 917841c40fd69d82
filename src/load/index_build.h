// The secondary indexes that a table lacks since a load left them out → built.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/stop_signal.h"
#include "cli/plan.h"
#include "mysql/control_connection.h"
#include "mysql/retry_policy.h"
#include "report/live_stats.h"
#include "table/deferred_indexes.h"

namespace chatload::load {

// Single-threaded; borrows all that it is given. All throw DatabaseError where the server refuses, and Interrupted.
class IndexBuild {
 public:
  // make_room: closes what connections can be spared, since an account may have few; called before each build.
  IndexBuild(const cli::LoadPlan& plan, std::string table, mysql::ControlConnection& control,
             std::function<void()> make_room, mysql::RetryPolicy& retry, report::LiveStats& stats,
             const StopSignal& stop);

  // Those that are noted, and are not there; the notes that are of no use any more are cleared on the way.
  const std::vector<table::IndexDefinition>& find_missing();

  // The same for people only: whoever does not have the table's lock changes no note, since another may be about to
  // drop what it has noted.
  void look();

  // As found last.
  [[nodiscard]] const std::vector<table::IndexDefinition>& missing() const { return missing_; }

  // Builds what is missing; returns when all of it is there, and whether it was anything. name: of the load that asks.
  bool build(const std::string& name);

 private:
  void build_once();
  void wait_after(const std::string& name, const std::string& why, std::string_view remedy, bool may_pass,
                  mysql::RetryPolicy::Clock::time_point since, unsigned failures);
  [[nodiscard]] std::string why_waited() const;
  void look_at_wait(std::uint64_t connection_id);
  [[nodiscard]] bool had_to_wait_for_others();
  [[nodiscard]] std::chrono::seconds lock_wait() const;

  const cli::LoadPlan& plan_;
  const std::string table_;
  mysql::ControlConnection& control_;
  const std::function<void()> make_room_;
  mysql::RetryPolicy& retry_;
  report::LiveStats& stats_;
  const StopSignal& stop_;
  std::string lock_;
  std::vector<table::IndexDefinition> missing_;
  std::string waits_for_;  // as seen last in the build, half a sentence; empty where it did not wait
};

// "2 secondary indexes (`site_id`, `timestamp`)"
[[nodiscard]] std::string count_of(const std::vector<table::IndexDefinition>& indexes);

// "The indexes `site_id`, `timestamp` of `chat_messages`"
[[nodiscard]] std::string subject_of(const std::vector<table::IndexDefinition>& indexes, const std::string& table);

}  // namespace chatload::load
