# schema/NNN_*.sql → a header that defines kSchemaSql, all files in order as one text.
# Run as: cmake -D SCHEMA_DIR=... -D HEADER=... -P embed_schema.cmake
file(GLOB files ${SCHEMA_DIR}/[0-9][0-9][0-9]_*.sql)
list(SORT files)
set(text "")
foreach(file IN LISTS files)
  file(READ ${file} one)
  string(APPEND text "${one}")
endforeach()
file(WRITE ${HEADER} "#pragma once

#include <string_view>

namespace chatload::write {

inline constexpr std::string_view kSchemaSql = R\"sql(${text})sql\";

}  // namespace chatload::write
")
