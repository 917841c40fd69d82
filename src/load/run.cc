#include "load/run.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "base/log.h"
#include "ledger/load_ledger.h"
#include "ledger/schema.h"
#include "mysql/sql_text.h"

namespace chatload::load {
namespace {

// A writer that waits for a lock mostly waits for another of ours, which waits for it (write/range_scheduler.h) and
// gives way when this wait ends. InnoDB can lock the gap beside a repeated id even under READ COMMITTED
// (write/write_order.cc). With the server's default of 50 s a load would stand still that long, and a signal would not
// end it in time.
//
// A connection whose client lost its power is closed, and lets go of its locks, after wait_timeout: soon enough for a
// rerun to outwait it (--retry-for). A writer that idles longer behind a slow input is connected again.
constexpr std::string_view kShortWaits =
    "SET SESSION innodb_lock_wait_timeout = 2, SESSION lock_wait_timeout = 2, SESSION wait_timeout = ";

// What other nodes of a Galera cluster have committed is there when the ledger is read. Of a writer this is no matter:
// its transaction meets the others' when it is certified.
void read_what_is_committed(mysql::Session& session) {
  for (const mysql::Row& row : session.query("SHOW VARIABLES LIKE 'wsrep_on'")) {
    if (row[1] == "ON") session.execute("SET SESSION wsrep_sync_wait = 7");
  }
}

}  // namespace

Run::Run(const cli::LoadPlan& plan, const StopSignal& stop, report::RunTrace& trace)
    : plan_(plan),
      stop_(stop),
      trace_(trace),
      retry_(plan.ledger.retry_for, stop),
      writers_(
          plan.write, [this] { return connect(); }, retry_, stop),
      mapping_(*plan.read.mapping) {
  // To learn now that it does not fit.
  const pipeline::Writers writers{plan.write.connections, plan.write.is_connections_given};
  cli::ReadPlan read = plan.read;
  read.split = pipeline::fitting_limits(read, writers);
  static_cast<void>(pipeline::plan_memory(read, writers));
  const mysql::ServerInfo& server = writers_.first().server();
  trace.server = fmt::format("{} {}", server.server == mysql::Server::kMysql ? "MySQL" : "MariaDB", server.version);
  if (server.read_only) {
    throw DatabaseError(fmt::format("{} is read-only; load into the primary server, or make this one writable.",
                                    plan.write.endpoint.display()));
  }
  mysql::require_row_log(writers_.first());
  const unsigned asking = plan.write.throttle.max_load.empty() ? 0 : 1;
  const unsigned beating = plan.ledger.share_bytes ? 1 : 0;
  writers_.require_enough(1 + asking + beating);
  control_ =
      std::make_unique<mysql::ControlConnection>([this] { return connect(read_what_is_committed); }, retry_, stop_);
  witnesses_.emplace(ledger::witness_table(mapping_), *control_, stop_);
  inspect(plan.write.on_duplicate);
  control_->run([](mysql::Session& session) { ledger::require_ledger(session); });
  if (const auto why =
          control_->run([](mysql::Session& session) { return ledger::why_commits_may_be_lost(session); })) {
    log_warning(fmt::format("A crash of the server may lose rows that it has committed: {}.", *why));
  }
  for (const std::string& surprise : table_.surprises()) {
    log_warning(fmt::format("{}: {}.", mysql::quote_identifier(table_.table), surprise));
  }
  if (!table_.can_write_in_parallel() && plan.write.connections > 1) {
    log_info(fmt::format("One connection writes in file order, because {}.", table_.why_not_in_parallel()));
  }
  if (!plan.write.throttle.empty()) throttle_.emplace(plan.write.endpoint, plan.write.throttle, stats_.pause);
  if (plan.report.rejects) rejects_.emplace(*plan.report.rejects);
}

mysql::Session Run::connect() const {
  return connect([](mysql::Session&) {});
}

mysql::Session Run::connect(const std::function<void(mysql::Session&)>& prepare) const {
  const bool may_load_data = plan_.write.method != WriteMethod::kInsert;
  mysql::Session session = mysql::Session::connect(plan_.write.endpoint, mysql::kReadTimeoutSeconds, may_load_data);
  try {
    session.execute(fmt::format("{}{}", kShortWaits, mysql::ControlConnection::kIdleMax.count()));
    prepare(session);
  } catch (const mysql::StatementError& error) {
    throw mysql::ConnectError(error.code(), fmt::format("{} refused a setting of the session ({}).",
                                                        plan_.write.endpoint.display(), error.what()));
  }
  return session;
}

// By the control connection, which is kept alive while others idle.
void Run::inspect(OnDuplicate mode) {
  control_->run([&](mysql::Session& session) { table_ = table::inspect_table(session, mapping_, mode); });
  cli::ReadPlan read = fitted(plan_.read);
  const pipeline::Writers writers{plan_.write.connections, plan_.write.is_connections_given};
  read.split = pipeline::fitting_limits(read, writers);
  fitting_connections_ = pipeline::fitting_connections(read, writers);
}

cli::ReadPlan Run::fitted(cli::ReadPlan read) const {
  auto mapping = std::make_shared<mapping::Mapping>(mapping_);
  mapping->lookups = read.mapping->lookups;
  read.mapping = std::move(mapping);
  return read;
}

void Run::inspect_again(const std::string& name) {
  const bool was_in_parallel = table_.can_write_in_parallel();
  inspect(plan_.write.on_duplicate);
  if (!table_.can_write_in_parallel() && was_in_parallel && plan_.write.connections > 1) {
    log_info(fmt::format("{}: one connection writes in file order, because {}.", name, table_.why_not_in_parallel()));
  }
}

}  // namespace chatload::load
