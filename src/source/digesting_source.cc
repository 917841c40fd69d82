#include "source/digesting_source.h"

#include <utility>

namespace chatload::source {

DigestingSource::DigestingSource(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

std::size_t DigestingSource::read(std::span<char> out) {
  const std::size_t size = source_->read(out);
  digest_.update({out.data(), size});
  return size;
}

}  // namespace chatload::source
