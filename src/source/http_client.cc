// One thread has libcurl's multi handle, and with it all transfers and connections. Others leave wishes in a queue and
// wake it. Receivers are called without any lock of ours.

#include "source/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/stop_signal.h"
#include "base/trim.h"

namespace chatload::source {
namespace {

// That are kept for later transfers. How many are there at once is for those to bound who start them.
constexpr long kConnectionsKept = 48;
constexpr long kRedirectsMax = 10;
// What a write callback gets at once, and a connection's memory.
constexpr long kReceiveBytes = 128L << 10U;
constexpr int kPollMs = 1000;

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

bool may_pass(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_OUT_OF_MEMORY:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR: return true;
    default: return false;
  }
}

std::string remedy(CURLcode code) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return "check that it is the right server; if so, name its issuer's certificate with --ca-file";
    case CURLE_SSL_CACERT_BADFILE: return "check the file of --ca-file";
    default: return "check the URL, and the network";
  }
}

// One transfer, on the client's thread.
class Transfer {
 public:
  Transfer(HttpRequest request, std::shared_ptr<HttpReceiver> receiver, const HttpOptions& options)
      : request_(std::move(request)), receiver_(std::move(receiver)), easy_(curl_easy_init()) {
    if (!easy_) throw EnvironmentError("libcurl has no memory for a transfer.");
    set(CURLOPT_URL, request_.url.c_str());
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, request_.url.starts_with("https:") ? "https" : "http,https");
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_BUFFERSIZE, kReceiveBytes);
    set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(options.connect_timeout.count()));
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall_timeout.count()));
    set(CURLOPT_ERRORBUFFER, error_.data());
    if (options.ca_file) set(CURLOPT_CAINFO, options.ca_file->c_str());
    const bool is_signed = !header(request_.headers, "authorization").empty();
    if (!is_signed) {
      if (request_.may_log_in) set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_OPTIONAL));
      set(CURLOPT_FOLLOWLOCATION, options.follows_redirects ? 1L : 0L);
      set(CURLOPT_MAXREDIRS, kRedirectsMax);
    }
    const bool has_body = request_.method != "GET";
    if (has_body) {
      set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
      set(CURLOPT_POSTFIELDS, request_.body.data());
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    }
    for (const auto& [name, value] : request_.headers) {
      if (name == "host") continue;
      append(value.empty() ? name + ";" : name + ": " + value);
    }
    if (has_body) {
      append("Expect:");
      if (header(request_.headers, "content-type").empty()) append("Content-Type:");
    }
    set(CURLOPT_HTTPHEADER, list_.get());
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_PRIVATE, this);
  }

  [[nodiscard]] CURL* easy() const { return easy_.get(); }

  void end(CURLcode code) {
    if (code == CURLE_OK && !tell_head()) code = CURLE_WRITE_ERROR;
    if (code == CURLE_OK) return receiver_->on_end(std::nullopt);
    long redirects = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_REDIRECT_COUNT, &redirects);
    std::string what = error_[0] != '\0' ? error_.data() : curl_easy_strerror(code);
    what = trimmed(what);
    if (redirects > 0) what = "behind a redirect: " + what;
    receiver_->on_end(HttpTrouble{.what = std::move(what),
                                  .remedy = remedy(code),
                                  .may_pass = may_pass(code),
                                  .is_unknown_host = code == CURLE_COULDNT_RESOLVE_HOST,
                                  .is_receiver = is_ended_by_receiver_});
  }
  void abandon() { receiver_->on_end(HttpTrouble{.what = "it was given up", .remedy = {}, .is_receiver = true}); }

 private:
  template <typename Value>
  void set(CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(easy_.get(), option, value);
    if (code != CURLE_OK) throw EnvironmentError(fmt::format("libcurl does not work: {}.", curl_easy_strerror(code)));
  }

  void append(const std::string& line) {
    curl_slist* const longer = curl_slist_append(list_.get(), line.c_str());
    if (longer == nullptr) throw EnvironmentError("libcurl has no memory for a header.");
    static_cast<void>(list_.release());
    list_.reset(longer);
  }

  // The answers before the last one (redirects, 100 Continue) are forgotten with the next status line.
  void take_header(std::string_view line) {
    if (line.starts_with("HTTP/")) {
      head_ = {};
      return;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    head_.headers.emplace_back(lower_case(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }

  // True where it is to go on.
  bool tell_head() {
    if (std::exchange(is_head_told_, true)) return !is_ended_by_receiver_;
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    head_.status = static_cast<int>(status);
    is_ended_by_receiver_ = receiver_->on_head(head_) == HttpReceiver::Wish::kEnd;
    return !is_ended_by_receiver_;
  }

  static std::size_t on_header(char* bytes, std::size_t, std::size_t size, void* self) {
    static_cast<Transfer*>(self)->take_header(std::string_view(bytes, size));
    return size;
  }

  static std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* self) {
    auto* const transfer = static_cast<Transfer*>(self);
    constexpr std::size_t kFailure = 0;
    if (!transfer->tell_head()) return kFailure;
    switch (transfer->receiver_->on_body({bytes, size})) {
      case HttpReceiver::Wish::kMore: return size;
      case HttpReceiver::Wish::kPause: return CURL_WRITEFUNC_PAUSE;
      case HttpReceiver::Wish::kEnd: break;
    }
    transfer->is_ended_by_receiver_ = true;
    return kFailure;
  }

  const HttpRequest request_;
  const std::shared_ptr<HttpReceiver> receiver_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  std::unique_ptr<curl_slist, FreeList> list_;
  std::unique_ptr<CURL, FreeEasy> easy_;
  HttpResponse head_;
  bool is_head_told_ = false;
  bool is_ended_by_receiver_ = false;
};

}  // namespace

class HttpClient::Worker {
 public:
  explicit Worker(HttpOptions options) : options_(std::move(options)) {
    static const CURLcode kInitialised = curl_global_init(CURL_GLOBAL_DEFAULT);
    multi_.reset(curl_multi_init());
    if (kInitialised != CURLE_OK || !multi_) throw EnvironmentError("libcurl cannot be initialised.");
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, kConnectionsKept);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    curl_multi_wakeup(multi_.get());
    if (thread_.joinable()) thread_.join();
  }

  TransferId start(HttpRequest request, std::shared_ptr<HttpReceiver> receiver) {
    auto transfer = std::make_shared<Transfer>(std::move(request), std::move(receiver), options_);
    const std::lock_guard lock(mutex_);
    if (!thread_.joinable()) start_thread();
    const TransferId id = ++last_id_;
    wishes_.emplace_back([this, id, transfer = std::move(transfer)] {
      if (curl_multi_add_handle(multi_.get(), transfer->easy()) != CURLM_OK) return transfer->end(CURLE_OUT_OF_MEMORY);
      transfers_.emplace(id, transfer);
    });
    curl_multi_wakeup(multi_.get());
    return id;
  }

  void cancel(TransferId id) {
    wish([this, id] {
      const auto found = transfers_.find(id);
      if (found == transfers_.end()) return;
      curl_multi_remove_handle(multi_.get(), found->second->easy());
      found->second->abandon();
      transfers_.erase(found);
    });
  }

  void resume(TransferId id) {
    wish([this, id] {
      if (const auto found = transfers_.find(id); found != transfers_.end()) {
        curl_easy_pause(found->second->easy(), CURLPAUSE_CONT);
      }
    });
  }

 private:
  void start_thread() {
    try {
      thread_ = std::thread([this] { work(); });
    } catch (const std::system_error& error) {
      throw EnvironmentError(fmt::format("No thread can be started for the network ({}).", error.what()));
    }
  }

  void wish(std::function<void()> what) {
    const std::lock_guard lock(mutex_);
    wishes_.push_back(std::move(what));
    curl_multi_wakeup(multi_.get());
  }

  void work() {
    for (;;) {
      std::vector<std::function<void()>> wishes;
      bool is_over = false;
      {
        const std::lock_guard lock(mutex_);
        wishes.swap(wishes_);
        is_over = is_over_;
      }
      for (const auto& wanted : wishes) wanted();
      if (is_over) break;
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      end_those_done();
      curl_multi_poll(multi_.get(), nullptr, 0, kPollMs, nullptr);
    }
    for (const auto& [id, transfer] : transfers_) {
      curl_multi_remove_handle(multi_.get(), transfer->easy());
      transfer->abandon();
    }
    transfers_.clear();
  }

  void end_those_done() {
    int left = 0;
    while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      CURL* const easy = message->easy_handle;
      curl_multi_remove_handle(multi_.get(), easy);
      const auto done = std::find_if(transfers_.begin(), transfers_.end(),
                                     [&](const auto& one) { return one.second->easy() == easy; });
      const std::shared_ptr<Transfer> transfer = done->second;
      transfers_.erase(done);
      transfer->end(code);
    }
  }

  const HttpOptions options_;
  std::unique_ptr<CURLM, FreeMulti> multi_;
  std::map<TransferId, std::shared_ptr<Transfer>> transfers_;  // the thread's

  std::mutex mutex_;  // guards all below
  std::vector<std::function<void()>> wishes_;
  TransferId last_id_ = 0;
  bool is_over_ = false;
  std::thread thread_;
};

HttpClient::HttpClient(HttpOptions options) : worker_(std::make_unique<Worker>(std::move(options))) {}
HttpClient::~HttpClient() = default;

HttpClient::TransferId HttpClient::start(HttpRequest request, std::shared_ptr<HttpReceiver> receiver) {
  return worker_->start(std::move(request), std::move(receiver));
}
void HttpClient::cancel(TransferId id) { worker_->cancel(id); }
void HttpClient::resume(TransferId id) { worker_->resume(id); }

namespace {

// Keeps a whole answer.
class WholeAnswer : public HttpReceiver {
 public:
  explicit WholeAnswer(bool may_be_head) : may_be_head_(may_be_head) {}

  Wish on_head(const HttpResponse& head) override {
    response_ = head;
    is_head_ = may_be_head_ && head.status / 100 == 2 && head.status != kHttpPartialContent;
    return is_head_ ? Wish::kEnd : Wish::kMore;
  }
  Wish on_body(std::span<const char> bytes) override {
    if (response_.body.size() + bytes.size() > HttpClient::kFetchBytesMax) return Wish::kEnd;
    response_.body.append(bytes.data(), bytes.size());
    return Wish::kMore;
  }
  void on_end(const std::optional<HttpTrouble>& trouble) override {
    {
      const std::lock_guard lock(mutex_);
      if (!is_head_) trouble_ = trouble;
      has_ended_ = true;
    }
    ended_.notify_one();
  }

  [[nodiscard]] bool wait(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return ended_.wait_for(lock, time, [this] { return has_ended_; });
  }
  [[nodiscard]] const std::optional<HttpTrouble>& trouble() const { return trouble_; }
  [[nodiscard]] HttpResponse take() { return std::move(response_); }

 private:
  const bool may_be_head_;
  HttpResponse response_;
  bool is_head_ = false;  // of it, that is all that is wanted
  std::mutex mutex_;      // guards what follows
  std::condition_variable ended_;
  bool has_ended_ = false;
  std::optional<HttpTrouble> trouble_;
};

}  // namespace

HttpResponse HttpClient::fetch(const HttpRequest& request, int stop_fd, Bodies bodies) {
  const auto answer = std::make_shared<WholeAnswer>(bodies == Bodies::kSmall);
  const TransferId id = start(request, answer);
  while (!answer->wait(kStopPoll)) {
    if (!is_stop(stop_fd)) continue;
    cancel(id);
    throw Interrupted();
  }
  if (!answer->trouble()) return answer->take();
  throw HttpTroubleError(*answer->trouble());
}

bool is_stop(int stop_fd) {
  pollfd asked{stop_fd, POLLIN, 0};
  return stop_fd >= 0 && poll(&asked, 1, 0) > 0;
}

}  // namespace chatload::source
