// A statement that failed, and what its failure means.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "base/errors.h"

namespace chatload::mysql {

// A statement that the server or the connection refused. Not an ending by itself: classify() says what to do.
class StatementError : public std::exception {
 public:
  StatementError(int code, std::string sqlstate, std::string message);
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }
  [[nodiscard]] int code() const { return code_; }  // MySQL error number, 1062; 2xxx are the client's own
  [[nodiscard]] const std::string& sqlstate() const { return sqlstate_; }
  [[nodiscard]] const std::string& message() const { return message_; }
  [[nodiscard]] bool names(std::string_view text) const { return message_.find(text) != std::string::npos; }

 private:
  int code_;
  std::string sqlstate_;
  std::string message_;
  std::string text_;  // "message (1062, SQLSTATE 23000)"
};

// A connection that could not be opened, or not be set up; what() is the whole sentence. It ends the run unless
// can_come_back() or the run has written already: then the server is only away for a while.
class ConnectError : public DatabaseError {
 public:
  ConnectError(int code, const std::string& sentence) : DatabaseError(sentence), code_(code) {}
  [[nodiscard]] int code() const { return code_; }

 private:
  int code_;
};

// False where waiting cannot help a run that has not written yet: an unknown host, a denied access, no such database.
[[nodiscard]] bool can_come_back(const ConnectError& error);

// The server, or the user's account, has as many connections as it may have.
[[nodiscard]] bool is_limit_of_connections(const ConnectError& error);

// What an error means for the transaction that met it: the one place that knows the numbers.
enum class ErrorClass {
  kRetry,           // 1205, 1213, 1317, …: redo the transaction
  kConnectionLost,  // 2006, 2013, 1053, …: the outcome of a COMMIT under way is unknown
  kDuplicateKey,    // 1062
  kReadOnly,        // 1290, 1792, 1836: the server takes no writes now
  kRefused,         // a value, a constraint or a trigger: a row of the statement is at fault
  kFatal,           // anything else: no row is at fault (full disk, missing privilege or table); ends the run
};
[[nodiscard]] ErrorClass classify(const StatementError& error);

}  // namespace chatload::mysql
