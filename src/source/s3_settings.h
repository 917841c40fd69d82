// How S3 is reached: what the variables and files of AWS's tools say, which people have set already.
#pragma once

#include <string>
#include <string_view>

#include "source/aws_profile.h"

namespace chatload::source {

enum class AddressingStyle {
  kAuto,         // the bucket in the host where AWS and the bucket's name allow it, else in the path
  kPath,         // https://endpoint/bucket/key
  kVirtualHost,  // https://bucket.endpoint/key
};

struct S3Settings {
  std::string region;
  std::string endpoint = {};      // http://… or https://… without a '/' at its end; empty: AWS's of the region
  std::string sts_endpoint = {};  // the same, of the service that changes a web identity into credentials
  AddressingStyle addressing_style = AddressingStyle::kAuto;
  std::string ca_bundle = {};  // path of a file with certificates; empty: the system's
  bool use_instance_metadata = true;
  // Not from the environment:
  bool anonymous = false;       // ask without a signature
  bool requester_pays = false;  // accept that the reader's account is charged
};

// An empty variable counts as one that is not set. Throws UsageError: AWS_PROFILE names none, or a value is no use.
[[nodiscard]] S3Settings read_s3_settings(const Environment& environment);

// The domain of AWS's own endpoints in a region.
[[nodiscard]] std::string_view aws_domain(std::string_view region);

}  // namespace chatload::source
