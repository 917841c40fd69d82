//   scramble    SHA256(password) ^ SHA256(SHA256(SHA256(password)), nonce)
//   encrypted   RSA-OAEP with SHA-1 and MGF1, OpenSSL's defaults, of (password, NUL) ^ (nonce, nonce, …)
#include "mysql/password_cipher.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <new>

namespace chatload::mysql {
namespace {

struct Free {
  void operator()(BIO* text) const { BIO_free(text); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using PublicKey = std::unique_ptr<EVP_PKEY, Free>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string sha256(std::string_view text) {
  std::string digest(static_cast<std::size_t>(EVP_MD_get_size(EVP_sha256())), '\0');
  if (EVP_Digest(text.data(), text.size(), bytes_of(digest), nullptr, EVP_sha256(), nullptr) != 1) {
    throw std::bad_alloc();
  }
  return digest;
}

std::string masked(std::string text, std::string_view mask) {
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(text[i] ^ mask[i % mask.size()]);
  return text;
}

PublicKey read_key(std::string_view pem) {
  const std::unique_ptr<BIO, Free> text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!text) throw std::bad_alloc();
  PublicKey key(PEM_read_bio_PUBKEY(text.get(), nullptr, nullptr, nullptr));
  if (key && EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) key.reset();
  return key;
}

}  // namespace

std::string scramble_of(std::string_view password, std::string_view nonce) {
  const std::string digest = sha256(password);
  return masked(digest, sha256(sha256(digest).append(nonce)));
}

bool is_public_key(std::string_view pem) { return read_key(pem) != nullptr; }

std::string encrypt_password(std::string_view password, std::string_view nonce, std::string_view pem) {
  const PublicKey key = read_key(pem);
  if (!key) return {};
  const std::string text = masked(std::string(password) + '\0', nonce);
  const std::unique_ptr<EVP_PKEY_CTX, Free> context(EVP_PKEY_CTX_new(key.get(), nullptr));
  std::string encrypted(static_cast<std::size_t>(EVP_PKEY_get_size(key.get())), '\0');
  std::size_t size = encrypted.size();
  if (!context || EVP_PKEY_encrypt_init(context.get()) <= 0 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) <= 0 ||
      EVP_PKEY_encrypt(context.get(), bytes_of(encrypted), &size, bytes_of(text), text.size()) <= 0) {
    return {};
  }
  encrypted.resize(size);
  return encrypted;
}

}  // namespace chatload::mysql
