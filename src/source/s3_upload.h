// Bytes → an object in S3, by a multipart upload.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/ordered_workers.h"
#include "base/output.h"
#include "base/units.h"
#include "source/s3_client.h"
#include "source/s3_location.h"

namespace chatload::source {

// Parts go out side by side; the object is there once all of it is, by place(), and replaces one of its name. What is
// not placed is aborted, so that nobody pays for its parts. An object of one part or less is put at once by place().
class S3Upload : public Output {
 public:
  // S3 takes 10,000 parts of 5 MiB or more each.
  static constexpr std::size_t kPartBytes = 8 * kMiB;
  static constexpr std::uint64_t kPartsMax = 10'000;
  static constexpr unsigned kPartsAtOnce = 2;
  // A part that is gathered, and for each that is on its way the part and the request that it is copied to.
  static constexpr std::size_t kMemoryBytes = (1 + 2 * kPartsAtOnce) * kPartBytes;

  S3Upload(S3Client client, S3Location location, int stop_fd);
  ~S3Upload() override;

  void write(std::string_view text) override;
  void end() override;
  void place() override;

 private:
  struct Part {
    std::uint64_t number = 0;
    std::string bytes;
    std::string etag;
  };

  [[nodiscard]] HttpRequest request(std::string method, std::string_view query) const;
  [[nodiscard]] HttpResponse ask(const HttpRequest& request) const;
  void begin();
  void pass_on();
  void take_back();
  void put(Part& part) const;

  const S3Client client_;
  const S3Location location_;
  const std::string name_;
  const int stop_fd_;
  std::string upload_id_;  // empty: not begun
  std::string bytes_;      // of the next part
  std::uint64_t parts_ = 0;
  std::map<std::uint64_t, std::string> etags_;  // of the parts that are there, by number
  bool is_placed_ = false;
  OrderedWorkers<Part> workers_;
};

}  // namespace chatload::source
