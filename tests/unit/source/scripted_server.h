// A server that gives prepared answers and remembers what it was asked; and an environment of a test's own.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "source/aws_profile.h"
#include "source/http_message.h"

namespace chatload::source {

class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<HttpResponse> answers) : answers_(std::move(answers)) {}

  HttpResponse operator()(const HttpRequest& request) {
    asked_.push_back(request);
    if (asked_.size() <= answers_.size()) return answers_[asked_.size() - 1];
    ADD_FAILURE() << "asked once more: " << request.method << ' ' << request.url;
    return {500};
  }

  [[nodiscard]] const std::vector<HttpRequest>& asked() const { return asked_; }
  // "GET http://…" of each.
  [[nodiscard]] std::vector<std::string> urls() const {
    std::vector<std::string> urls;
    for (const HttpRequest& request : asked_) urls.push_back(request.method + ' ' + request.url);
    return urls;
  }

 private:
  std::vector<HttpResponse> answers_;
  std::vector<HttpRequest> asked_;
};

using Variables = std::map<std::string, std::string>;

// Reads the variables whenever it is asked, so that a test may change them.
inline Environment environment_of(const Variables& variables) {
  return [&variables](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
}

}  // namespace chatload::source
