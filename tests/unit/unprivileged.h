// A test's stretch as a user who may not open everything.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

namespace chatload {

// Where the tests run as root: nobody's effective user id, until the end of the scope.
class Unprivileged {
 public:
  Unprivileged() {
    if (user_ == 0 && seteuid(kNobody) != 0) ADD_FAILURE() << "seteuid";
  }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;
  ~Unprivileged() {
    if (seteuid(user_) != 0) ADD_FAILURE() << "seteuid";
  }

 private:
  static constexpr uid_t kNobody = 65534;
  const uid_t user_ = geteuid();
};

}  // namespace chatload
