#include "inflate/deflate_decoder.h"

#include "inflate/isal_inflater.h"
#include "inflate/zlib_inflater.h"

namespace chatload::inflate {

std::unique_ptr<DeflateDecoder> make_deflate_decoder(Inflater inflater) {
  switch (inflater) {
    case Inflater::kIsal: return std::make_unique<IsalInflater>();
    case Inflater::kZlib: return std::make_unique<ZlibInflater>();
  }
  return nullptr;
}

}  // namespace chatload::inflate
