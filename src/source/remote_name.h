// What a URL is called in messages and in the ledger.
#pragma once

#include <string>
#include <string_view>

namespace chatload::source {

// http:// or https://.
[[nodiscard]] bool is_url(std::string_view text);

// Without its fragment, and without the parameters that let whoever has the URL read the object: of a presigned URL
// (S3's, Google's, Azure's) all of them. Throws UsageError: it has no host, or a user and a password, which belong into
// ~/.netrc. REQUIRES: is_url(url).
[[nodiscard]] std::string name_of_url(std::string_view url);

// A URL as it is sent: without its fragment, and what may not stand in one is percent-encoded.
[[nodiscard]] std::string url_to_send(std::string_view url);

}  // namespace chatload::source
