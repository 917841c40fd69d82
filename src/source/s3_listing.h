// Which objects a name with a '/' at its end, or a pattern, stands for.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "source/http_message.h"
#include "source/s3_location.h"
#include "source/s3_settings.h"

namespace chatload::source {

struct ListedObject {
  std::string key;
  std::uint64_t size_bytes = 0;
  std::string etag = {};  // as If-Match wants it, with its quotes
};

// More are refused: they would be held in memory, and each would be an input of its own.
inline constexpr std::size_t kListedObjectsMax = 100'000;

// Whether the key names a prefix ("", "logs/") or a pattern ("logs/*.gz", see KeyPattern), and so not one object only.
// An object whose key has such characters is named by a pattern that takes them as they are: "a[[]1].gz".
[[nodiscard]] bool may_name_several(const S3Location& location);

// Signs a request, sends it, and waits for its answer.
using SignedAsk = std::function<HttpResponse(HttpRequest)>;

// All objects below the prefix, or those whose keys match the pattern, in the order of their keys' bytes. Leaves out
// the empty objects with a '/' at the end of their keys by which tools mark directories. Throws SourceError.
[[nodiscard]] std::vector<ListedObject> list_s3_objects(const S3Location& location, const S3Settings& settings,
                                                        const SignedAsk& ask);

}  // namespace chatload::source
