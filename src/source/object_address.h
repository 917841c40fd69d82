// Where an object on a server is, how it is asked for, and what a refusal means.
#pragma once

#include <string>

#include "source/http_message.h"

namespace chatload::source {

// Whether a status tells of trouble that may be over in a while: 408, 429, and 5xx but for "not implemented".
[[nodiscard]] bool is_passing_status(int status);

// Thread-safe.
class ObjectAddress {
 public:
  ObjectAddress() = default;
  ObjectAddress(const ObjectAddress&) = delete;
  ObjectAddress& operator=(const ObjectAddress&) = delete;
  virtual ~ObjectAddress() = default;

  // For people and the ledger: as the user wrote it, without what is secret in it.
  [[nodiscard]] virtual const std::string& name() const = 0;
  // A GET of all of it, as it has to be sent soon. headers: what is asked for beside that. May wait for credentials.
  // Throws SourceError.
  [[nodiscard]] virtual HttpRequest get(HttpHeaders headers) const = 0;
  // A sentence about an answer that is no 2xx: what it means, and what to do.
  [[nodiscard]] virtual std::string refusal(const HttpResponse& answer) const = 0;
  // Whether what get() gives for the same may succeed in a while. asked: what the answer is to.
  [[nodiscard]] virtual bool may_pass(const HttpRequest& /*asked*/, const HttpResponse& answer) const {
    return is_passing_status(answer.status);
  }
};

// http:// and https://.
class HttpAddress : public ObjectAddress {
 public:
  // authorization: that header's value; may be empty.
  HttpAddress(std::string name, std::string url, std::string authorization);

  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] HttpRequest get(HttpHeaders headers) const override;
  [[nodiscard]] std::string refusal(const HttpResponse& answer) const override;

 private:
  const std::string name_;
  const std::string url_;
  const std::string authorization_;
};

}  // namespace chatload::source
