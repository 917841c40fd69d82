// What it takes to fetch objects.
#pragma once

#include <chrono>

#include "source/fetch_memory.h"
#include "source/http_client.h"

namespace chatload::source {

// What all objects of a command share; outlives them.
struct Fetching {
  HttpClient& client;
  FetchMemory& memory;
  std::chrono::milliseconds retry_for;  // since the last byte of the object came
};

}  // namespace chatload::source
