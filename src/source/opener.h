// The names of a command's INPUTs → what they lead to.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/output.h"
#include "base/units.h"
#include "source/input.h"
#include "source/object_version.h"

namespace chatload::source {

// What an output in S3 takes of memory: S3Upload::kMemoryBytes.
inline constexpr std::size_t kUploadBytes = 40 * kMiB;

// As many objects are asked for at once where each takes a request or two. A check of 500 objects of 200 KB, each
// request 50 ms late, took 1.5 s, and 3.5 s with 16.
inline constexpr std::size_t kObjectsAtOnce = 48;

// s3://, http:// or https://.
[[nodiscard]] bool is_remote(std::string_view input);

struct RemoteOptions {
  std::optional<std::filesystem::path> ca_file;             // of certificates, instead of the system's
  std::optional<std::filesystem::path> cache_dir;           // where objects are kept that were read as a whole
  std::optional<std::filesystem::path> authorization_file;  // with the Authorization header's value for HTTP
  bool is_unsigned = false;                                 // S3 without credentials
  bool requester_pays = false;
  std::chrono::milliseconds retry_for{std::chrono::minutes(5)};  // since the last byte of an object came
  std::size_t memory_bytes = 0;                                  // of bytes that were fetched and not yet read
};

// All objects share its connections and memory, and live no longer than it. Thread-safe but for expand().
class Opener {
 public:
  explicit Opener(RemoteOptions options);
  Opener(const Opener&) = delete;
  Opener& operator=(const Opener&) = delete;
  ~Opener();

  // The names of the objects that an argument stands for: all below "s3://bucket/prefix/", those that match a pattern,
  // or one, without what is secret in it. Asks for the bucket's list where there may be several. Throws UsageError,
  // SourceError. REQUIRES: is_remote(argument).
  [[nodiscard]] std::vector<std::string> expand(const std::string& argument);

  // Throws SourceError. Asks the server where a list has not told of the object. REQUIRES: of a remote name, that
  // expand() has returned it.
  [[nodiscard]] std::shared_ptr<const Input> open(const std::string& name, int stop_fd) const;

  // Input::stamp() of what a name leads to, where it can be had without opening it or asking for it; else empty.
  [[nodiscard]] std::string stamp_of(const std::string& name) const;

  // A file that is in its place once it is whole, or an object in S3. failure: the beginning of a message. Throws
  // EnvironmentError, or UsageError where a name is no good. REQUIRES: the name is no http:// or https://.
  [[nodiscard]] std::unique_ptr<Output> create(std::string_view failure, const std::string& name, int stop_fd) const;

  // In bytes; nothing of what cannot be looked at, or does not tell. Asks the server where a list has not told.
  [[nodiscard]] std::optional<std::uint64_t> size_of(const std::string& name) const;

 private:
  class Remote;

  [[nodiscard]] std::vector<std::string> expand_s3(const std::string& argument);

  const RemoteOptions options_;
  std::map<std::string, ObjectVersion> listed_;  // by name
  std::map<std::string, std::string> urls_;      // by name, where the URL holds what the name leaves out
  const std::unique_ptr<Remote> remote_;
};

}  // namespace chatload::source
