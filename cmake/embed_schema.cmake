# schema/NNN_name.sql → a header that defines kSchemaFiles: the number, name and text of each file, in order.
# Run as: cmake -D SCHEMA_DIR=... -D HEADER=... -P embed_schema.cmake
file(GLOB files ${SCHEMA_DIR}/[0-9][0-9][0-9]_*.sql)
list(SORT files)
set(entries "")
foreach(file IN LISTS files)
  get_filename_component(stem ${file} NAME_WE)
  # Without its leading zeros, which would make the number octal.
  string(REGEX REPLACE "^0*([1-9][0-9]*)_.*$" "\\1" number ${stem})
  string(REGEX REPLACE "^[0-9]+_" "" name ${stem})
  file(READ ${file} text)
  string(APPEND entries "    SchemaFile{${number}, \"${name}\", R\"sql(${text})sql\"},\n")
endforeach()
file(WRITE ${HEADER} "#pragma once

#include <array>
#include <string_view>

namespace chatload::ledger {

struct SchemaFile {
  unsigned number;
  std::string_view name;
  std::string_view sql;
};

inline constexpr std::array kSchemaFiles = {
${entries}};

}  // namespace chatload::ledger
")
