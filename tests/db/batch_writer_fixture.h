// A BatchWriter with everything that it needs, on a ledger and a chat_messages of the test's own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "db/database_fixture.h"
#include "ledger/load_ledger.h"
#include "ledger/source_ledger.h"
#include "mapping/mapping_file.h"
#include "write/batch_writer.h"
#include "write/write_order.h"

namespace chatload::write {

// A row of chat_messages.
struct Message {
  std::string type, id, from, site_id, data;
  std::int64_t timestamp = 0;
};

// One of which the test says no more.
struct Line {
  std::string id;
  std::string data;
};

// Takes jobs back; its jobs have no rejects of the parser.
class Owner final : public JobOwner {
 public:
  void first_rejects(parse::ParsedRange&) override {}
  void more_rejects(parse::ParsedRange&) override {}
  bool allows_refused(const WriteJob&, std::uint64_t refused) override { return refused <= refused_max; }
  void done(Pack&) override { ++packs_done; }

  std::uint64_t refused_max = 1'000'000;
  std::atomic<std::size_t> packs_done = 0;
};

// A pack with ranges of its own.
struct OwnPack : Pack {
  explicit OwnPack(std::size_t count) : ranges(count), is_given_up(count) {
    for (WriteJob& range : ranges) jobs.push_back(&range);
  }

  std::deque<WriteJob> ranges;
  std::deque<std::atomic<bool>> is_given_up;  // of the source of each
};

class BatchWriterTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    if (!is_mysql()) transport_ = RowTransport::kBound;
    make_tables();
    begin_load();
  }

  // Further jobs belong to a new load.
  void begin_load() {
    const std::string owner = "owner" + std::to_string(++loads_);
    const ledger::Runner runner{.owner = owner, .name = "test", .sources = "log", .slots = 5};
    const std::vector<ledger::SourceClaim> sources(1, {.key = "key" + std::to_string(loads_),
                                                       .name = "log",
                                                       .name_digest = digest_hex("log"),
                                                       .stamp = {},
                                                       .bytes = {},
                                                       .why = {}});
    load_id_ = ledger::begin_load(
                   admin(), {.table = "chat_messages", .plan = {}, .limits = {}, .order = "file", .lock_name = "lock"},
                   runner, sources, {})
                   .value();
    ledger_.emplace(load_id_, owner);
    committed_.emplace(admin(), load_id_);
    next_range_ = 0;
  }

  WriteContext context(OnDuplicate mode, std::size_t statement_bytes_max = kMiB) {
    return {.mapping = mapping_,
            .mode = mode,
            .transport = transport_,
            .statement_bytes_max = statement_bytes_max,
            .recorded_rejects_max = 0,
            .ledger = *ledger_,
            .committed = *committed_,
            .reconnect = [this] { return connect(transport_ == RowTransport::kLoadData); },
            .retry = retry_,
            .stop = stop_,
            .pause = pause_,
            .retries = retries_,
            .disconnected = disconnected_};
  }

  // A job of chat lines; the text that it borrows lives in texts_.
  void fill_messages(WriteJob& job, std::vector<Message> messages) {
    parse::RowBatch& rows = job.parsed.rows;
    job.source = SourceOrdinal(1);
    job.parsed.range.number = RangeNumber(next_range_++);
    job.owner = &owner_;
    job.is_given_up = &is_given_up_;
    job.digest = digest_hex("");
    rows.layout = parse::layout_of(mapping_);
    for (Message& message : messages) {
      for (std::string* text : {&message.id, &message.from, &message.type, &message.site_id, &message.data}) {
        rows.cells.push_back(parse::Cell::text(keep(std::move(*text))));
      }
      rows.cells.push_back(parse::Cell::time(message.timestamp * 1'000'000));
      rows.lines.push_back({static_cast<std::uint32_t>(rows.lines.size()), 0, 0});
    }
    job.parsed.counts.lines = job.parsed.counts.valid = rows.rows();
    job.first_line = LineNumber(1 + 1'000 * job.parsed.range.number.value());
  }
  void fill(WriteJob& job, const std::vector<Line>& lines) {
    std::vector<Message> messages;
    for (const Line& line : lines) messages.push_back({"x", line.id, "x", "x", line.data, 1'479'816'000});
    fill_messages(job, std::move(messages));
  }

  // Fills the pack with the only ranges of the sources 1, 2, 3, …
  void fill_pack(OwnPack& pack, const std::vector<std::vector<Line>>& ranges) {
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      WriteJob& job = pack.ranges[i];
      fill(job, ranges[i]);
      job.source = SourceOrdinal(i + 1);
      job.parsed.range.number = RangeNumber(0);
      job.first_line = LineNumber(1);
      job.is_given_up = &pack.is_given_up[i];
    }
  }

  WriteResult write(mysql::Session& session, const std::vector<Line>& lines, OnDuplicate mode,
                    std::size_t statement_bytes_max = kMiB) {
    OwnPack pack(1);
    fill(pack.ranges[0], lines);
    write(session, pack, mode, statement_bytes_max);
    return pack.ranges[0].result;
  }
  void write(mysql::Session& session, OwnPack& pack, OnDuplicate mode, std::size_t statement_bytes_max = kMiB) {
    const WriteContext shared = context(mode, statement_bytes_max);
    RangeScheduler scheduler;
    admit(pack, scheduler);
    BatchWriter(session, shared, failed_, ledger::kFirstWriterSlot).write(*scheduler.take(), scheduler);
  }
  // REQUIRES: its ranges are filled.
  void admit(OwnPack& pack, RangeScheduler& scheduler) {
    WriteOrderer(true).order(pack);
    scheduler.admit(pack);
  }

  std::string table() {
    std::string text;
    for (const mysql::Row& row : read_back().query("SELECT id, data FROM chat_messages ORDER BY id")) {
      text += *row[0] + "=" + *row[1] + " ";
    }
    return text;
  }

  // What the ledger says of the load's ranges: "number: lines inserted updated duplicate rejected".
  std::string ledger() {
    std::string text;
    for (const mysql::Row& row : read_back().query(
             "SELECT CONCAT(range_number, ': ', CONCAT_WS(' ', `lines`, inserted, updated, duplicate, rejected)) "
             "FROM chatload_ranges WHERE load_id = " +
             std::to_string(load_id_) + " ORDER BY range_number")) {
      text += *row[0] + "; ";
    }
    return text;
  }

  // The same of the only ranges of sources: "source: lines inserted updated duplicate rejected id", the id of the
  // witness.
  std::string ledger_of_sources() {
    std::string text;
    for (const mysql::Row& row : read_back().query(
             "SELECT CONCAT(source, ': ', CONCAT_WS(' ', `lines`, inserted, updated, duplicate, rejected, "
             "SUBSTRING(witness, LENGTH('_id=_') + 1))) "
             "FROM chatload_ranges WHERE range_number = 0 AND load_id = " +
             std::to_string(load_id_) + " ORDER BY source")) {
      text += *row[0] + "; ";
    }
    return text;
  }

  mapping::Mapping mapping_ = mapping::chat_mapping();
  StopSignal stop_;
  Pause pause_;
  mysql::RetryPolicy retry_{std::chrono::seconds(60), stop_};
  std::atomic<bool> failed_ = false;
  std::atomic<std::uint64_t> retries_ = 0;
  std::atomic<std::uint64_t> disconnected_ = 0;
  Owner owner_;
  std::atomic<bool> is_given_up_ = false;
  std::uint64_t load_id_ = 0;
  std::optional<ledger::RangeLedger> ledger_;
  std::optional<ledger::CommittedRanges> committed_;

  std::uint64_t next_range_ = 0;
  RowTransport transport_ = RowTransport::kText;

 private:
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

  std::deque<std::string> texts_;
  int loads_ = 0;
};

}  // namespace chatload::write
