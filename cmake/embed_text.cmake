# A text file → a header that defines it as a constant.
# Run as: cmake -D FILE=... -D NAMESPACE=... -D NAME=... -D HEADER=... -P embed_text.cmake
file(READ ${FILE} text)
file(WRITE ${HEADER} "#pragma once

#include <string_view>

namespace ${NAMESPACE} {

inline constexpr std::string_view ${NAME} = R\"text(${text})text\";

}  // namespace ${NAMESPACE}
")
