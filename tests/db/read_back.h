// What stands in the tables, read through another client than the one that wrote it: Connector/C++.
//
// The server speaks two protocols for results, text for plain statements and binary for prepared ones; both are here.
// Of Connector/C++ 1.1 two things limit prepared ones: a time without a fraction is given without its zeros, whatever
// the column's precision, and a double has six digits. Text and binary strings, integers and decimals are exact in
// both.
//
// Debian's Connector/C++ is a layer over libmariadb, and a process has one plugin for MySQL's logins: libmariadb's, or
// the one that chatload puts in its place (mysql/login.cc) and that takes no login but chatload's. So Connector/C++
// runs in a process of its own, which does what it is asked over a socket.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "mysql/endpoint.h"
#include "mysql/session.h"

namespace chatload {

// A connection at +00:00 in utf8mb4, for one thread at a time. What the server or the client refuses is thrown as
// std::runtime_error.
class ReadBack {
 public:
  // Forks. REQUIRES: no connection was opened and no thread started in this process.
  explicit ReadBack(const mysql::Endpoint& endpoint);
  ReadBack(const ReadBack&) = delete;
  ReadBack& operator=(const ReadBack&) = delete;
  ~ReadBack();

  // Names without a database are this one's from now on.
  void use(std::string_view database);

  // All rows of a result, each cell's bytes as the server sent them.
  [[nodiscard]] std::vector<mysql::Row> query(std::string_view sql);
  [[nodiscard]] std::vector<mysql::Row> query_prepared(std::string_view sql);

 private:
  std::vector<mysql::Row> ask(char what, std::string_view text);

  int socket_ = -1;
  pid_t process_ = -1;
};

// To the server that CHATLOAD_TEST_URL names, from before the first test until after the last one; REQUIRES that it is
// set.
[[nodiscard]] ReadBack& read_back_connection();

}  // namespace chatload
