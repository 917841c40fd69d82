#include "source/s3_client.h"

#include <fmt/format.h>

#include "base/errors.h"
#include "source/fetch_retry.h"

namespace chatload::source {

HttpResponse S3Client::ask(const HttpRequest& request, const std::string& name, int stop_fd) const {
  FetchRetry retry(retry_for_);
  for (;;) {
    const HttpRequest asked = signer_->sign(request);
    try {
      HttpResponse answer = http_.fetch(asked, stop_fd);
      if (answer.status / 100 == 2 || !signer_->may_pass(asked, answer)) return answer;
      retry.failed(fmt::format("it answers with HTTP {}", answer.status), retry_after(answer.headers));
    } catch (const HttpTroubleError& error) {
      const HttpTrouble& trouble = error.trouble();
      if (!trouble.may_pass || trouble.is_unknown_host) throw SourceError(fmt::format("{}: {}", name, error.what()));
      retry.failed(trouble.what);
    }
    if (retry.is_over()) throw SourceError(fmt::format("{}: {}", name, retry.over()));
    if (!retry.wait(stop_fd)) throw Interrupted();
  }
}

}  // namespace chatload::source
