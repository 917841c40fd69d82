// The places in which AWS's tools look for credentials, one after the other ("Standardized credential providers" of the
// AWS SDKs and Tools Reference Guide).
#pragma once

#include "source/s3_credentials.h"
#include "source/s3_settings.h"

namespace chatload::source {

// From the first place that has some: variables; a web identity that STS changes into credentials (Kubernetes); the
// profile; the container's service (ECS, EKS); the instance's metadata service, version 2 (EC2).
//
// Throws SourceError where no place has any, where one that is set up does not give them, and of a profile that says
// how to get them in ways that are not done here (a role, a process, SSO).
[[nodiscard]] S3Credentials find_s3_credentials(const S3Settings& settings, const Environment& environment,
                                                const HttpAsk& ask);

}  // namespace chatload::source
