// A chat log into chat_messages as one writes it in C++: zlib, simdjson, and Connector/C++ with a prepared INSERT of
// many rows, a commit a batch, a connection a thread. bench/compare measures chatload against it.
//
// Usage: connector_loader FILE SOCKET DATABASE CONNECTIONS ROWS_OF_A_BATCH
//
// The first line of an id is the one that is kept, so all lines of an id go to one connection, which keeps their order.
#include <cppconn/driver.h>
#include <cppconn/exception.h>
#include <cppconn/prepared_statement.h>
#include <simdjson.h>
#include <zlib.h>

#include <charconv>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

struct Row {
  std::string id, from, type, site_id, data;
  std::int64_t timestamp = 0;
};
using Batch = std::vector<Row>;

// Writes batches on a connection and a thread of its own.
class Writer {
 public:
  Writer(sql::Driver& driver, sql::ConnectOptionsMap options, std::size_t batch_rows)
      : driver_(driver), connection_(driver.connect(options)), batch_rows_(batch_rows), thread_([this] { run(); }) {}
  ~Writer() {
    if (thread_.joinable()) submit({});
  }

  // Waits while the thread has enough to do. Throws what the thread met.
  void add(Row row) {
    filling_.push_back(std::move(row));
    if (filling_.size() == batch_rows_ && !submit(std::exchange(filling_, {}))) std::rethrow_exception(failure_);
  }

  // Writes the rest. Throws what the thread met.
  void finish() {
    if (!filling_.empty()) submit(std::exchange(filling_, {}));
    submit({});
    thread_.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  static constexpr std::size_t kWaitingMax = 2;
  static constexpr int kDeadlock = 1213;
  inline static const std::string kRow = "(?,?,?,?,?,FROM_UNIXTIME(?))";

  // An empty batch is the last. False if the thread has failed.
  bool submit(Batch batch) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.size() < kWaitingMax || failure_; });
    waiting_.push_back(std::move(batch));
    changed_.notify_all();
    return !failure_;
  }

  Batch take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !waiting_.empty(); });
    Batch batch = std::move(waiting_.front());
    waiting_.pop_front();
    changed_.notify_all();
    return batch;
  }

  void run() {
    driver_.threadInit();
    try {
      connection_->setAutoCommit(false);
      const auto whole = prepare(batch_rows_);
      for (Batch batch = take(); !batch.empty(); batch = take()) {
        write(batch.size() == batch_rows_ ? *whole : *prepare(batch.size()), batch);
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
      changed_.notify_all();
    }
    driver_.threadEnd();
  }

  std::unique_ptr<sql::PreparedStatement> prepare(std::size_t rows) {
    std::string sql = "INSERT IGNORE INTO chat_messages (`id`, `from`, `type`, `site_id`, `data`, `timestamp`) VALUES ";
    for (std::size_t row = 0; row < rows; ++row) sql += row == 0 ? kRow : "," + kRow;
    return std::unique_ptr<sql::PreparedStatement>(connection_->prepareStatement(sql));
  }

  // Again where the server ended a deadlock with it: both connections lock the gaps beside the ids that they insert.
  void write(sql::PreparedStatement& statement, const Batch& batch) {
    for (bool is_done = false; !is_done;) {
      bind(statement, batch);
      try {
        statement.executeUpdate();
        connection_->commit();
        is_done = true;
      } catch (const sql::SQLException& error) {
        if (error.getErrorCode() != kDeadlock) throw;
      }
    }
  }

  static void bind(sql::PreparedStatement& statement, const Batch& batch) {
    unsigned parameter = 0;
    for (const Row& row : batch) {
      for (const std::string* text : {&row.id, &row.from, &row.type, &row.site_id, &row.data}) {
        statement.setString(++parameter, *text);
      }
      statement.setInt64(++parameter, row.timestamp);
    }
  }

  sql::Driver& driver_;
  std::unique_ptr<sql::Connection> connection_;
  std::size_t batch_rows_;
  Batch filling_;
  std::mutex mutex_;  // guards waiting_ and failure_
  std::condition_variable changed_;
  std::deque<Batch> waiting_;
  std::exception_ptr failure_;
  std::jthread thread_;
};

// A text, or a number as it stands there.
std::string text_of(simdjson::ondemand::value value) {
  if (value.type() == simdjson::ondemand::json_type::string) return std::string(std::string_view(value.get_string()));
  const std::string_view token = value.raw_json_token();
  return std::string(token.substr(0, token.find_last_not_of(" \t\r\n") + 1));
}

// Nothing where the line is of a type that is not loaded.
std::optional<Row> row_of(simdjson::ondemand::document& line) {
  Row row;
  row.type = text_of(line["type"]);
  if (row.type != "message" && row.type != "status") return std::nullopt;
  row.id = text_of(line["id"]);
  row.from = text_of(line["from"]);
  row.site_id = text_of(line["site_id"]);
  const std::string seconds = text_of(line["timestamp"]);
  std::from_chars(seconds.data(), seconds.data() + seconds.size(), row.timestamp);
  row.data = text_of(line["data"][row.type]);
  return row;
}

// Calls take for each line of the gzip file, with simdjson's padding after it.
void for_each_line(const std::string& path, const std::function<void(simdjson::padded_string_view)>& take) {
  constexpr int kLineBytesMax = 1 << 16;
  const std::unique_ptr<gzFile_s, decltype(&gzclose)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file || gzbuffer(file.get(), 1U << 18) != 0) throw std::runtime_error(path + " cannot be opened");
  std::vector<char> line(kLineBytesMax + simdjson::SIMDJSON_PADDING);
  while (gzgets(file.get(), line.data(), kLineBytesMax) != nullptr) {
    take(simdjson::padded_string_view(line.data(), std::strlen(line.data()), line.size()));
  }
  if (gzeof(file.get()) == 0) throw std::runtime_error(path + " is not a whole gzip file");
}

void load(const std::string& path, const std::string& socket, const std::string& database, std::size_t connections,
          std::size_t batch_rows) {
  sql::ConnectOptionsMap login;
  login["hostName"] = sql::SQLString("unix://" + socket);
  login["userName"] = sql::SQLString("root");
  login["password"] = sql::SQLString("");
  login["schema"] = sql::SQLString(database);
  login["OPT_CHARSET_NAME"] = sql::SQLString("utf8mb4");
  login["postInit"] = sql::SQLString("SET time_zone = '+00:00'");
  std::deque<Writer> writers;
  for (std::size_t i = 0; i < connections; ++i) writers.emplace_back(*get_driver_instance(), login, batch_rows);
  simdjson::ondemand::parser parser;
  for_each_line(path, [&](simdjson::padded_string_view line) {
    simdjson::ondemand::document document = parser.iterate(line);
    std::optional<Row> row = row_of(document);
    if (!row) return;
    Writer& writer = writers[std::hash<std::string>()(row->id) % writers.size()];
    writer.add(std::move(*row));
  });
  for (Writer& writer : writers) writer.finish();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::cerr << "Usage: connector_loader FILE SOCKET DATABASE CONNECTIONS ROWS_OF_A_BATCH\n";
    return 64;
  }
  try {
    load(argv[1], argv[2], argv[3], std::stoul(argv[4]), std::stoul(argv[5]));
  } catch (const std::exception& error) {
    std::cerr << "connector_loader: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
