#include "load/named_failure.h"

namespace chatload::load {

std::exception_ptr failure_of(const write::WriterPool& pool, const std::string& input) {
  try {
    name_failures(input, [&] { pool.rethrow_failure(); });
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

}  // namespace chatload::load
