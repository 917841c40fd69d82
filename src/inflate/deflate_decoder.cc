#include "inflate/deflate_decoder.h"

namespace chatload::inflate {

std::unique_ptr<DeflateDecoder> make_deflate_decoder(Inflater inflater) {
  switch (inflater) {
    case Inflater::kIsal: return make_isal_inflater();
    case Inflater::kZlib: return make_zlib_inflater();
  }
  return nullptr;
}

}  // namespace chatload::inflate
