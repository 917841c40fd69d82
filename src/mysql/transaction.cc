#include "mysql/transaction.h"

namespace chatload::mysql {

Transaction::Transaction(Session& session) : session_(session) { session_.execute("START TRANSACTION"); }

Transaction::~Transaction() {
  if (is_committed_) return;
  try {
    session_.execute("ROLLBACK");
  } catch (const StatementError&) {
    // The connection is gone, and the transaction with it.
  }
}

void Transaction::commit() {
  session_.execute("COMMIT");
  is_committed_ = true;
}

}  // namespace chatload::mysql
