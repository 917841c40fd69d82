#include "source/opener.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <mutex>
#include <utility>

#include "base/errors.h"
#include "base/placed_file.h"
#include "source/held_file.h"
#include "source/object_cache.h"
#include "source/remote_name.h"
#include "source/remote_object.h"
#include "source/s3_address.h"
#include "source/s3_client.h"
#include "source/s3_listing.h"
#include "source/s3_upload.h"
#include "source/source_identity.h"

namespace chatload::source {
namespace {

// Of the services that hand out credentials: a machine outside of AWS may drop what is sent to them. What they are sent
// holds tokens, which are for no other host.
HttpOptions metadata_options(std::optional<std::filesystem::path> ca_file) {
  return {.ca_file = std::move(ca_file),
          .connect_timeout = std::chrono::seconds(2),
          .stall_timeout = std::chrono::seconds(5),
          .follows_redirects = false};
}

std::string read_authorization(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line) || line.empty()) {
    throw SourceError(
        fmt::format("--http-authorization {} has no first line; it is to be the header's value, such as: Bearer TOKEN",
                    path.string()));
  }
  if (line.back() == '\r') line.pop_back();
  return line;
}

}  // namespace

static_assert(kUploadBytes == S3Upload::kMemoryBytes);

bool is_remote(std::string_view input) { return is_s3_location(input) || is_url(input); }

// Begun with the first object: where that one is in S3, the certificates that AWS's settings name count for all.
class Opener::Remote {
 public:
  explicit Remote(const RemoteOptions& options)
      : memory_(options.memory_bytes), options_(options), ca_file_(options.ca_file) {}

  [[nodiscard]] Fetching fetching() {
    const std::lock_guard lock(mutex_);
    if (!client_) client_ = std::make_unique<HttpClient>(HttpOptions{.ca_file = ca_file_});
    return {*client_, memory_, options_.retry_for};
  }

  [[nodiscard]] std::shared_ptr<const S3Signer> signer() {
    const std::lock_guard lock(mutex_);
    if (signer_) return signer_;
    S3Settings settings = s3_settings();
    settings.anonymous = options_.is_unsigned;
    settings.requester_pays = options_.requester_pays;
    if (!ca_file_ && !settings.ca_bundle.empty()) ca_file_ = settings.ca_bundle;
    metadata_client_ = std::make_unique<HttpClient>(metadata_options(ca_file_));
    auto chain = std::make_shared<S3CredentialChain>(
        settings, [](const char* name) { return std::getenv(name); },
        [this](const HttpRequest& request) { return metadata_client_->fetch(request); });
    signer_ = std::make_shared<const S3Signer>(std::move(settings), std::move(chain));
    return signer_;
  }

  [[nodiscard]] S3Client s3() {
    std::shared_ptr<const S3Signer> signs = signer();
    return {fetching().client, std::move(signs), options_.retry_for};
  }

  [[nodiscard]] const std::string& authorization() {
    const std::lock_guard lock(mutex_);
    if (options_.authorization_file && authorization_.empty()) {
      authorization_ = read_authorization(*options_.authorization_file);
    }
    return authorization_;
  }

 private:
  [[nodiscard]] static S3Settings s3_settings() {
    return read_s3_settings([](const char* name) { return std::getenv(name); });
  }

  FetchMemory memory_;
  const RemoteOptions& options_;
  std::mutex mutex_;  // guards all below
  std::optional<std::filesystem::path> ca_file_;
  std::unique_ptr<HttpClient> metadata_client_;
  std::shared_ptr<const S3Signer> signer_;
  std::string authorization_;
  std::unique_ptr<HttpClient> client_;  // ends first: what it still tells uses the memory
};

Opener::Opener(RemoteOptions options) : options_(std::move(options)), remote_(std::make_unique<Remote>(options_)) {}

Opener::~Opener() = default;

std::vector<std::string> Opener::expand(const std::string& argument) {
  if (is_s3_location(argument)) return expand_s3(argument);
  std::string name = name_of_url(argument);
  const std::string url = url_to_send(argument);
  const auto [known, is_new] = urls_.emplace(name, url);
  if (!is_new && known->second != url) {
    throw UsageError(
        fmt::format("Two INPUTs are both {} without what may be secret in their URLs, and the ledger would take them "
                    "for one; read each by a command of its own.",
                    name));
  }
  return {std::move(name)};
}

std::vector<std::string> Opener::expand_s3(const std::string& argument) {
  const S3Location location = parse_s3_location(argument);
  if (!may_name_several(location)) return {argument};
  const S3Client client = remote_->s3();
  const auto ask = [&](const HttpRequest& request) { return client.ask(request, argument, -1); };
  std::vector<std::string> names;
  for (ListedObject& object : list_s3_objects(location, client.settings(), ask)) {
    std::string name = S3Location{location.bucket, std::move(object.key)}.text();
    // Without an ETag it has to be looked at: nothing else would tell its versions apart.
    if (!object.etag.empty()) {
      listed_.insert_or_assign(name, ObjectVersion{object.size_bytes, std::move(object.etag), {}});
    }
    names.push_back(std::move(name));
  }
  if (names.empty()) throw UsageError(fmt::format("No object matches '{}'.", argument));
  return names;
}

std::shared_ptr<const Input> Opener::open(const std::string& name, int stop_fd) const {
  if (!is_remote(name)) return std::make_shared<const HeldFile>(name);
  std::shared_ptr<const ObjectAddress> address;
  if (is_s3_location(name)) {
    address = std::make_shared<S3Address>(parse_s3_location(name), remote_->signer());
  } else {
    address = std::make_shared<HttpAddress>(name, urls_.at(name), remote_->authorization());
  }
  const Fetching fetching = remote_->fetching();
  const auto listed = listed_.find(name);
  ObjectLook look = listed != listed_.end() ? ObjectLook{.version = listed->second, .bytes = listed->second.bytes}
                                            : look_at(fetching, *address, stop_fd);
  auto object = std::make_shared<const RemoteObject>(fetching, std::move(address), std::move(look));
  if (!options_.cache_dir || !object->can_seek()) return object;
  return cached(std::move(object), *options_.cache_dir);
}

std::unique_ptr<Output> Opener::create(std::string_view failure, const std::string& name, int stop_fd) const {
  if (!is_remote(name)) return std::make_unique<PlacedFile>(failure, name, Placing::kWhenWhole);
  return std::make_unique<S3Upload>(remote_->s3(), parse_s3_location(name), stop_fd);
}

std::string Opener::stamp_of(const std::string& name) const {
  if (!is_remote(name)) return stamp_of_path(name);
  const auto listed = listed_.find(name);
  return listed == listed_.end() ? std::string() : object_stamp(name, listed->second);
}

std::optional<std::uint64_t> Opener::size_of(const std::string& name) const {
  if (is_remote(name)) {
    const auto listed = listed_.find(name);
    if (listed != listed_.end()) return listed->second.bytes;
    try {
      const std::shared_ptr<const Input> object = open(name, -1);
      if (object->can_seek()) return object->size_bytes();
    } catch (const SourceError&) {
      // whoever reads it says so
    }
    return std::nullopt;
  }
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(name, error);
  return error ? std::nullopt : std::optional<std::uint64_t>(bytes);
}

}  // namespace chatload::source
