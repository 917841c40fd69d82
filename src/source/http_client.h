// HTTP transfers side by side, over connections that are used again.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/errors.h"
#include "base/units.h"
#include "source/http_message.h"

namespace chatload::source {

// What ended a transfer without a whole answer.
struct HttpTrouble {
  std::string what;       // "connection refused": a clause
  std::string remedy;     // another one: what to do
  bool may_pass = false;  // another try may succeed
  bool is_unknown_host = false;
  bool is_receiver = false;  // the receiver wanted no more
};

// Of a fetch(); its sentence is only the clauses.
class HttpTroubleError : public SourceError {
 public:
  explicit HttpTroubleError(HttpTrouble trouble)
      : SourceError(trouble.what + "; " + trouble.remedy), trouble_(std::move(trouble)) {}
  [[nodiscard]] const HttpTrouble& trouble() const { return trouble_; }

 private:
  HttpTrouble trouble_;
};

// Takes one answer. All calls come from the client's thread, in this order, and must not wait.
class HttpReceiver {
 public:
  enum class Wish { kMore, kPause, kEnd };

  virtual ~HttpReceiver() = default;

  // The last answer's, behind redirects; its body is empty. Not kPause.
  [[nodiscard]] virtual Wish on_head(const HttpResponse& head) = 0;
  // kPause: the bytes were not taken, and come again after HttpClient::resume().
  [[nodiscard]] virtual Wish on_body(std::span<const char> bytes) = 0;
  // Once, as the last. trouble: none where the whole answer has come, as far as its length was told.
  virtual void on_end(const std::optional<HttpTrouble>& trouble) = 0;
};

struct HttpOptions {
  std::optional<std::filesystem::path> ca_file;  // instead of the system's
  std::chrono::seconds connect_timeout{20};
  std::chrono::seconds stall_timeout{20};  // so long without a byte
  bool follows_redirects = true;           // of requests that bring no authorization
};

// Owns a thread from the first transfer on. Thread-safe. HTTP/1.1, so that transfers do not share a connection;
// ~/.netrc and the usual proxy variables count.
class HttpClient {
 public:
  using TransferId = std::uint64_t;

  explicit HttpClient(HttpOptions options);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  // Ends all transfers; their receivers hear of it.
  ~HttpClient();

  // Keeps the receiver until its on_end(). Throws EnvironmentError where there can be no thread.
  TransferId start(HttpRequest request, std::shared_ptr<HttpReceiver> receiver);
  // Ends it soon, if it has not ended.
  void cancel(TransferId id);
  void resume(TransferId id);

  // One whole answer of up to kFetchBytesMax. Waits for it. Throws HttpTroubleError; HTTP's statuses are no
  // trouble. stop_fd: as of open_input(); Interrupted is thrown then.
  [[nodiscard]] HttpResponse fetch(const HttpRequest& request, int stop_fd = -1) {
    return fetch(request, stop_fd, Bodies::kAll);
  }
  // The same, but of an answer that gives more than was asked for, 200 in place of 206, only the head.
  [[nodiscard]] HttpResponse look(const HttpRequest& request, int stop_fd) {
    return fetch(request, stop_fd, Bodies::kSmall);
  }
  static constexpr std::size_t kFetchBytesMax = 16 * kMiB;
  // Of the body of a refusal, which says why.
  static constexpr std::size_t kErrorBytesMax = 64 * kKiB;

 private:
  class Worker;
  enum class Bodies { kAll, kSmall };

  [[nodiscard]] HttpResponse fetch(const HttpRequest& request, int stop_fd, Bodies bodies);

  const std::unique_ptr<Worker> worker_;
};

// Whether a stop was asked for: the descriptor is readable. -1 never is.
[[nodiscard]] bool is_stop(int stop_fd);

}  // namespace chatload::source
