// For s3_signature_test.py: signs requests of standard input, a line each, and prints their Authorization.
//
// A line: seconds since 1970, region, key ID, secret, session token, "unsigned" or "hashed", method, URL, body, and
// names and values of headers. Tabs are between them.
#include <chrono>
#include <cstddef>
#include <iostream>
#include <string>
#include <vector>

#include "source/s3_signature.h"

namespace {

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields{""};
  for (const char c : line) {
    if (c == '\t') {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

}  // namespace

int main() {
  using namespace chatload::source;
  for (std::string line; std::getline(std::cin, line);) {
    const std::vector<std::string> fields = fields_of(line);
    HttpRequest request{fields.at(6), fields.at(7), {}, fields.at(8)};
    for (std::size_t i = 9; i + 1 < fields.size(); i += 2) request.headers.emplace_back(fields[i], fields[i + 1]);
    sign_s3(request, {fields.at(2), fields.at(3), fields.at(4)}, fields.at(1),
            std::chrono::system_clock::time_point(std::chrono::seconds(std::stoll(fields.at(0)))),
            fields.at(5) == "unsigned" ? S3Payload::kUnsigned : S3Payload::kHashed);
    std::cout << header(request.headers, "authorization") << '\n';
  }
}
