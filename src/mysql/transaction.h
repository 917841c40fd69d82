// START TRANSACTION … COMMIT, or ROLLBACK.
#pragma once

#include "mysql/session.h"

namespace chatload::mysql {

// Begins with its construction. What commit() was not called for is undone at the end, so that nothing stays open on a
// connection that is used again. Both throw StatementError.
class Transaction {
 public:
  explicit Transaction(Session& session);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  void commit();

 private:
  Session& session_;
  bool is_committed_ = false;
};

}  // namespace chatload::mysql
