// What a login sends in place of a password. The only file that uses OpenSSL.
//
// MySQL manual, "Caching SHA-2 Pluggable Authentication" and "SHA-256 Pluggable Authentication"; RFC 8017 §7.1.
#pragma once

#include <string>
#include <string_view>

namespace chatload::mysql {

// 32 bytes that prove the password to a server that knows the password's double digest and sent this nonce.
[[nodiscard]] std::string scramble_of(std::string_view password, std::string_view nonce);

// Whether the text is an RSA public key in PEM, as a server's public_key.pem.
[[nodiscard]] bool is_public_key(std::string_view pem);

// The password and a NUL, masked by the nonce and encrypted for the owner of the private key. Empty if the text is not
// an RSA public key, or if the key is too short for this password (2048 bits take 213 bytes).
[[nodiscard]] std::string encrypt_password(std::string_view password, std::string_view nonce, std::string_view pem);

}  // namespace chatload::mysql
