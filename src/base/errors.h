// What ends a run: one exception type per documented exit code, thrown anywhere, caught once in main.
//
// what() is a whole sentence for the person at the terminal: what happened, where, and what to do next. A bad line is
// not an exception (parse/outcome.h) and neither is a database error that a retry may cure (mysql/statement_error.h).
#pragma once

#include <stdexcept>
#include <string>

namespace chatload {

// docs/operating.md, "Exit codes".
enum class ExitCode : int {
  kLoaded = 0,
  kLoadedWithRejects = 1,
  kBudgetExceeded = 2,
  kFailed = 3,
  kInterrupted = 4,
  kUsage = 64,
};

// The worse of two inputs' codes, in the order 64, 3, 2, 4, 1, 0.
[[nodiscard]] ExitCode worse(ExitCode a, ExitCode b);

class Error : public std::runtime_error {
 public:
  [[nodiscard]] ExitCode exit_code() const { return exit_code_; }

 protected:
  Error(ExitCode exit_code, const std::string& sentence) : std::runtime_error(sentence), exit_code_(exit_code) {}

 private:
  ExitCode exit_code_;
};

// The command line or a configuration file asks for something that cannot be.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& sentence) : Error(ExitCode::kUsage, sentence) {}
};

// The input cannot be opened or read.
class SourceError : public Error {
 public:
  explicit SourceError(const std::string& sentence) : Error(ExitCode::kFailed, sentence) {}
};

// The input is not what it claims to be: bad gzip, wrong checksum, truncation.
class CorruptInputError : public Error {
 public:
  explicit CorruptInputError(const std::string& sentence) : Error(ExitCode::kFailed, sentence) {}
};

// The database ended the run: it refused, is gone, or the table is not one that can be loaded.
class DatabaseError : public Error {
 public:
  explicit DatabaseError(const std::string& sentence) : Error(ExitCode::kFailed, sentence) {}
};

// The same, but of one load alone: another run has it, or it is not what the ledger says. Other inputs may go on.
class LoadError : public DatabaseError {
 public:
  using DatabaseError::DatabaseError;
};

// The input has more bad lines than its budget allows, or no good one.
class BudgetExceededError : public Error {
 public:
  explicit BudgetExceededError(const std::string& sentence) : Error(ExitCode::kBudgetExceeded, sentence) {}
};

// A signal came while something was waited for.
class Interrupted : public Error {
 public:
  Interrupted() : Error(ExitCode::kInterrupted, "Stopped by a signal; run the same command again.") {}
};

// The machine we run on: a full disk, a file that cannot be written.
class EnvironmentError : public Error {
 public:
  explicit EnvironmentError(const std::string& sentence) : Error(ExitCode::kFailed, sentence) {}
};

}  // namespace chatload
