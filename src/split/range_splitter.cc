#include "split/range_splitter.h"

#include <utility>

#include "split/line_splitter.h"
#include "split/record_splitter.h"

namespace chatload::split {

std::unique_ptr<RangeSplitter> make_splitter(inflate::DecodedStream& stream, SplitLimits limits,
                                             const RecordForm& records, std::string name, RangeBegin begin) {
  if (records.is_lines()) return std::make_unique<LineSplitter>(stream, limits, begin);
  return std::make_unique<RecordSplitter>(stream, limits, records, std::move(name));
}

}  // namespace chatload::split
