#include "source/digesting_source.h"

#include <utility>

namespace chatload::source {

DigestingSource::DigestingSource(std::unique_ptr<ByteSource> source, DigestForm form)
    : source_(std::move(source)), digest_(form) {}

std::size_t DigestingSource::read(std::span<char> out) {
  const std::size_t size = source_->read(out);
  digest_.update({out.data(), size});
  return size;
}

}  // namespace chatload::source
