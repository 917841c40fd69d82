#include "mysql/background_statement.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/errors.h"

namespace chatload::mysql {
namespace {

int duplicate(int socket) {
  const int copy = fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) throw EnvironmentError(fmt::format("No descriptor is left ({}); raise ulimit -n.", strerror(errno)));
  return copy;
}

}  // namespace

BackgroundStatement::BackgroundStatement(Session session, std::function<void(Session&)> body)
    : session_(std::move(session)),
      socket_(duplicate(session_.socket())),
      end_(std::async(std::launch::async, [this, body = std::move(body)] {
        const ClientThread client_thread;
        body(session_);
      })) {}

BackgroundStatement::~BackgroundStatement() {
  if (!ends_within(std::chrono::milliseconds(0))) shutdown(socket_, SHUT_RDWR);
  close(socket_);
}

bool BackgroundStatement::ends_within(std::chrono::milliseconds time) const {
  return !end_.valid() || end_.wait_for(time) == std::future_status::ready;
}

void BackgroundStatement::get() { end_.get(); }

}  // namespace chatload::mysql
