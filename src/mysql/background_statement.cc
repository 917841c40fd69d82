#include "mysql/background_statement.h"

#include <utility>

namespace chatload::mysql {

BackgroundStatement::BackgroundStatement(Session session, std::function<void(Session&)> body)
    : connection_id_(session.connection_id()) {
  std::packaged_task<void()> task([session = std::move(session), body = std::move(body)]() mutable { body(session); });
  end_ = task.get_future();
  thread_ = std::thread([task = std::move(task)]() mutable {
    const ClientThread client_thread;
    task();
    task = {};  // the session ends before the client library's state of the thread does
  });
}

BackgroundStatement::~BackgroundStatement() {
  ends_within(std::chrono::milliseconds(0)) ? thread_.join() : thread_.detach();
}

bool BackgroundStatement::ends_within(std::chrono::milliseconds time) const {
  return !end_.valid() || end_.wait_for(time) == std::future_status::ready;
}

void BackgroundStatement::get() { end_.get(); }

}  // namespace chatload::mysql
