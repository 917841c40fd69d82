// An HTTP server on the loopback, whose answers a test chooses.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace chatload::source {

struct Asked {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case

  // Of "bytes=FIRST-LAST".
  [[nodiscard]] std::pair<std::size_t, std::size_t> range() const {
    const std::string& text = headers.at("range");
    const std::size_t dash = text.find('-');
    return {std::stoul(text.substr(6, dash - 6)), std::stoul(text.substr(dash + 1)) + 1};
  }
};

// Bytes as they go out; afterwards the connection ends, unless kKeepAlive is in them.
constexpr std::string_view kKeepAlive = "Connection: keep-alive\r\n";
using Answer = std::function<std::string(const Asked&)>;

class HttpServer {
 public:
  explicit HttpServer(Answer answer) : answer_(std::move(answer)), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, any, length) != 0 || listen(listener_, 64) != 0 || getsockname(listener_, any, &length) != 0) {
      throw std::runtime_error("no listener");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    for (auto& [descriptor, thread] : connections_) {
      shutdown(descriptor, SHUT_RDWR);
      thread.join();
      close(descriptor);
    }
  }

  [[nodiscard]] std::string url(std::string_view path = "/log.json.gz") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  [[nodiscard]] int requests() const { return requests_; }
  [[nodiscard]] int connections() const { return accepted_; }

 private:
  void accept_all() {
    for (;;) {
      const int connection = accept(listener_, nullptr, nullptr);
      if (connection < 0) return;
      ++accepted_;
      connections_.emplace_back(connection, std::thread([this, connection] {
                                  while (serve_one(connection)) {
                                  }
                                  shutdown(connection, SHUT_RDWR);
                                }));
    }
  }

  // Whether there may be another request.
  bool serve_one(int connection) {
    std::string text;
    char buffer[4096];
    while (text.find("\r\n\r\n") == std::string::npos) {
      const ssize_t size = recv(connection, buffer, sizeof buffer, 0);
      if (size <= 0) return false;
      text.append(buffer, static_cast<std::size_t>(size));
    }
    ++requests_;
    const std::string answer = answer_(parse(text));
    for (std::string_view left = answer; !left.empty();) {
      const ssize_t size = send(connection, left.data(), left.size(), MSG_NOSIGNAL);
      if (size <= 0) return false;
      left.remove_prefix(static_cast<std::size_t>(size));
    }
    return answer.find(kKeepAlive) != std::string::npos;
  }

  static Asked parse(std::string_view text) {
    Asked asked;
    const std::string_view line = text.substr(0, text.find("\r\n"));
    asked.method = line.substr(0, line.find(' '));
    asked.target = line.substr(asked.method.size() + 1, line.rfind(' ') - asked.method.size() - 1);
    for (text.remove_prefix(line.size() + 2); !text.starts_with("\r\n");) {
      const std::string_view header = text.substr(0, text.find("\r\n"));
      const std::size_t colon = header.find(':');
      std::string name(header.substr(0, colon));
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      asked.headers[name] = header.substr(colon + 2);
      text.remove_prefix(header.size() + 2);
    }
    return asked;
  }

  const Answer answer_;
  const int listener_;
  int port_ = 0;
  std::atomic<int> requests_ = 0;
  std::atomic<int> accepted_ = 0;
  std::list<std::pair<int, std::thread>> connections_;  // the acceptor's
  std::thread acceptor_;
};

// A part of an object as a good server gives it.
inline std::string partial_answer(std::string_view object, const Asked& asked, std::string_view etag = "\"v1\"") {
  if (!asked.headers.contains("range")) {
    return "HTTP/1.1 200 OK\r\nETag: " + std::string(etag) + "\r\nContent-Length: " + std::to_string(object.size()) +
           "\r\nConnection: close\r\n\r\n" + std::string(object);
  }
  auto [begin, end] = asked.range();
  end = std::min(end, object.size());
  return "HTTP/1.1 206 Partial Content\r\nETag: " + std::string(etag) + "\r\nContent-Range: bytes " +
         std::to_string(begin) + "-" + std::to_string(end - 1) + "/" + std::to_string(object.size()) +
         "\r\nContent-Length: " + std::to_string(end - begin) + "\r\nConnection: close\r\n\r\n" +
         std::string(object.substr(begin, end - begin));
}

inline std::string status_answer(std::string_view status, std::string_view headers = "") {
  return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(headers) +
         "Content-Length: 0\r\nConnection: close\r\n\r\n";
}

}  // namespace chatload::source
