#include "source/s3_upload.h"

#include <fmt/format.h>

#include <pugixml.hpp>
#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "base/percent_encoding.h"
#include "base/quantity.h"

namespace chatload::source {
namespace {

[[noreturn]] void fail(const std::string& why) {
  throw EnvironmentError(fmt::format("The copy cannot be written to {}", why));
}

// "<CompleteMultipartUpload>" of the S3 API Reference.
std::string list_of_parts(const std::map<std::uint64_t, std::string>& etags) {
  pugi::xml_document xml;
  pugi::xml_node all = xml.append_child("CompleteMultipartUpload");
  for (const auto& [number, etag] : etags) {
    pugi::xml_node part = all.append_child("Part");
    part.append_child("PartNumber").text() = static_cast<unsigned long long>(number);
    part.append_child("ETag").text() = etag.c_str();
  }
  struct Writer : pugi::xml_writer {
    void write(const void* data, std::size_t size) override { text.append(static_cast<const char*>(data), size); }
    std::string text;
  } writer;
  xml.save(writer, "", pugi::format_raw);
  return std::move(writer.text);
}

}  // namespace

S3Upload::S3Upload(S3Client client, S3Location location, int stop_fd)
    : client_(std::move(client)),
      location_(std::move(location)),
      name_(location_.text()),
      stop_fd_(stop_fd),
      workers_(kPartsAtOnce, kPartsAtOnce, [this] { return [this](Part& part) { put(part); }; }) {}

// What cannot be aborted is said: its parts cost money until somebody removes them.
S3Upload::~S3Upload() {
  if (upload_id_.empty() || is_placed_) return;
  try {
    while (workers_.size() > 0) {
      try {
        static_cast<void>(workers_.pop());
      } catch (const Error&) {
        continue;  // of a part that does not matter any more
      }
    }
    const HttpResponse answer =
        client_.ask(request("DELETE", "uploadId=" + percent_encode(upload_id_)), name_, /*stop_fd=*/-1);
    if (answer.status / 100 != 2) log_warning(client_.refusal(answer, name_));
  } catch (const Error& error) {
    log_warning(
        fmt::format("The parts of {} that are not wanted could not be removed ({}); the bucket's lifecycle rules "
                    "can remove them.",
                    name_, error.what()));
  }
}

HttpRequest S3Upload::request(std::string method, std::string_view query) const {
  HttpRequest request = s3_object_request(location_, client_.settings());
  request.method = std::move(method);
  if (!query.empty()) request.url += fmt::format("?{}", query);
  return request;
}

HttpResponse S3Upload::ask(const HttpRequest& request) const {
  try {
    HttpResponse answer = client_.ask(request, name_, stop_fd_);
    // The end of an upload may fail behind a good status, because it takes so long.
    const bool is_error = answer.body.find("<Error>") != std::string::npos;
    if (answer.status / 100 != 2 || is_error) fail(client_.refusal(answer, name_));
    return answer;
  } catch (const SourceError& error) {
    fail(error.what());
  }
}

void S3Upload::write(std::string_view text) {
  while (!text.empty()) {
    const std::string_view some = text.substr(0, kPartBytes - bytes_.size());
    if (bytes_.empty()) bytes_.reserve(kPartBytes);
    bytes_ += some;
    text.remove_prefix(some.size());
    if (bytes_.size() == kPartBytes) pass_on();
  }
}

void S3Upload::begin() {
  const HttpResponse answer = ask(request("POST", "uploads="));
  pugi::xml_document xml;
  xml.load_buffer(answer.body.data(), answer.body.size());
  upload_id_ = xml.child("InitiateMultipartUploadResult").child_value("UploadId");
  if (upload_id_.empty()) fail(fmt::format("{}: the server begins no upload of several parts.", name_));
}

void S3Upload::pass_on() {
  if (upload_id_.empty()) begin();
  if (parts_ == kPartsMax) {
    fail(fmt::format("{}: it is more than {}, which is {} parts; run it again with --split.", name_,
                     format_size(kPartsMax * kPartBytes), kPartsMax));
  }
  if (!workers_.has_room()) take_back();
  workers_.push({.number = ++parts_, .bytes = std::exchange(bytes_, {}), .etag = {}});
}

void S3Upload::take_back() {
  Part part = workers_.pop();
  etags_.emplace(part.number, std::move(part.etag));
}

// On a thread of its own.
void S3Upload::put(Part& part) const {
  HttpRequest sent = request("PUT", fmt::format("partNumber={}&uploadId={}", part.number, percent_encode(upload_id_)));
  sent.body = std::move(part.bytes);
  part.etag = header(ask(sent).headers, "etag");
}

void S3Upload::end() {
  if (upload_id_.empty()) return;
  if (!bytes_.empty()) pass_on();
  while (workers_.size() > 0) take_back();
}

void S3Upload::place() {
  HttpRequest last =
      upload_id_.empty() ? request("PUT", "") : request("POST", "uploadId=" + percent_encode(upload_id_));
  last.body = upload_id_.empty() ? std::move(bytes_) : list_of_parts(etags_);
  static_cast<void>(ask(last));
  is_placed_ = true;
}

}  // namespace chatload::source
