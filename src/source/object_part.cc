#include "source/object_part.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "source/fetch_retry.h"

namespace chatload::source {

void fetch_part(const Fetching& fetching, const ObjectAddress& address, const ObjectVersion& version,
                std::uint64_t offset, std::span<char> out) {
  FetchRetry retry(fetching.retry_for);
  for (;;) {
    HttpHeaders headers = version.conditions();
    headers.push_back(range_header(offset, offset + out.size()));
    const HttpRequest asked = address.get(std::move(headers));
    try {
      const HttpResponse answer = fetching.client.fetch(asked);
      const auto range = content_range(answer.headers);
      const bool is_part = answer.status == kHttpPartialContent;
      if (answer.status == kHttpPreconditionFailed || (is_part && version.differs(answer.headers))) {
        throw SourceError(other_version(address.name()));
      }
      if (is_part && range && range->begin == offset && answer.body.size() == out.size() &&
          version.is_said_by(answer.headers)) {
        std::copy(answer.body.begin(), answer.body.end(), out.begin());
        return;
      }
      if (!is_part && !address.may_pass(asked, answer)) throw SourceError(address.refusal(answer));
      retry.failed(fmt::format("it answers with HTTP {}", answer.status), retry_after(answer.headers));
    } catch (const HttpTroubleError& error) {
      if (!error.trouble().may_pass) throw SourceError(fmt::format("{}: {}", address.name(), error.what()));
      retry.failed(error.trouble().what);
    }
    if (retry.is_over()) throw SourceError(fmt::format("{}: {}", address.name(), retry.over()));
    static_cast<void>(retry.wait(/*stop_fd=*/-1));
  }
}

}  // namespace chatload::source
