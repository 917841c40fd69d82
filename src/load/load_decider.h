// What the user has left to us, decided once for all runs of a load: the size of ranges and the order of rows.
#pragma once

#include <string>

#include "base/stop_signal.h"
#include "cli/plan.h"
#include "load/order_choice.h"
#include "parse/mapping.h"
#include "source/held_file.h"
#include "source/source_identity.h"
#include "table/table_info.h"

namespace chatload::load {

// Single-threaded; borrows all that it is given.
class LoadDecider {
 public:
  // connections: of the writers.
  LoadDecider(const parse::Mapping& mapping, const table::TableInfo& table, unsigned connections,
              const StopSignal& stop);

  // The plan for a load that begins; says in one line which order it chose, and why. Throws UsageError and
  // EnvironmentError where what was asked for does not fit into --memory or onto the disk.
  [[nodiscard]] cli::LoadPlan decide(const cli::LoadPlan& plan, const source::HeldFile& file,
                                     const source::SourceIdentity& identity);

  // Of a load that goes on in key order, and so sorts all of the input again. Throws as decide() does. Nothing is known
  // of an input that can be read once only.
  void require_room(const cli::LoadPlan& plan, const source::HeldFile& file,
                    const source::SourceIdentity& identity) const;

 private:
  [[nodiscard]] OrderChoice choose(const cli::LoadPlan& plan, const source::HeldFile& file,
                                   const source::SourceIdentity& identity);
  void require_room(const cli::LoadPlan& plan, const source::HeldFile& file, const InputSample& sample) const;

  const parse::Mapping& mapping_;
  const table::TableInfo& table_;
  const unsigned connections_;
  const StopSignal& stop_;
};

}  // namespace chatload::load
