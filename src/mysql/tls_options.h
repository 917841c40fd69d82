// The TLS settings of ~/.my.cnf.
#pragma once

#include "mysql/endpoint.h"
#include "mysql/options_file.h"

namespace chatload::mysql {

// Fills in what the URL leaves open: the mode, the authority and the client's own certificate. Throws UsageError for an
// option that chatload cannot follow; no wish for security is ignored.
void add_tls_options(Endpoint& endpoint, const OptionsFile& options);

}  // namespace chatload::mysql
