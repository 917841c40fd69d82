#include "mysql/password_cipher.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "unit/scratch_folder.h"

namespace chatload::mysql {
namespace {

constexpr std::string_view kNonce = "0123456789abcdefghij";

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    std::array<char, 3> digits{};
    std::snprintf(digits.data(), digits.size(), "%02x", static_cast<unsigned char>(byte));
    text += digits.data();
  }
  return text;
}

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// A key pair that openssl makes, and what it decrypts.
class PasswordCipherTest : public ::testing::Test {
 protected:
  void SetUp() override {
    run("openssl genrsa -out " + file("private") + " 2048 2>&1");
    run("openssl rsa -in " + file("private") + " -pubout -out " + file("public") + " 2>&1");
  }
  static void run(const std::string& command) { ASSERT_EQ(std::system((command + " >/dev/null").c_str()), 0); }

  [[nodiscard]] std::string file(const char* name) const { return (folder_ / name).string(); }
  [[nodiscard]] std::string key() const { return content(file("public")); }
  [[nodiscard]] std::string decrypted(const std::string& text) const {
    std::ofstream(file("encrypted"), std::ios::binary) << text;
    run("openssl pkeyutl -decrypt -inkey " + file("private") + " -pkeyopt rsa_padding_mode:oaep -in " +
        file("encrypted") + " -out " + file("plain"));
    return content(file("plain"));
  }

 private:
  ScratchFolder folder_;
};

// python3 -c 'from hashlib import sha256 as h; d=lambda b: h(b).digest(); p=d(b"secret"); n=b"0123456789abcdefghij"
// print(bytes(a^b for a,b in zip(p, d(d(p)+n))).hex())'
TEST_F(PasswordCipherTest, TheScrambleIsTheDigestMaskedByThatOfItsDigestAndTheNonce) {
  EXPECT_EQ(hex(scramble_of("secret", kNonce)), "7e4adda2f2d5ef09b4147518becb0cee2939376203650a8c2bb2815959364bd0");
}

TEST_F(PasswordCipherTest, TheOwnerOfTheKeyReadsThePasswordMaskedByTheNonce) {
  std::string masked = std::string("correct horse battery staple") + '\0';
  for (std::size_t i = 0; i < masked.size(); ++i) masked[i] = static_cast<char>(masked[i] ^ kNonce[i % kNonce.size()]);
  const std::string encrypted = encrypt_password("correct horse battery staple", kNonce, key());
  EXPECT_EQ(encrypted.size(), 256U);
  EXPECT_EQ(decrypted(encrypted), masked);
}

TEST_F(PasswordCipherTest, TheSamePasswordIsEncryptedInAnotherWayEachTime) {
  EXPECT_NE(encrypt_password("secret", kNonce, key()), encrypt_password("secret", kNonce, key()));
}

TEST_F(PasswordCipherTest, APasswordThatTheKeyIsTooShortForIsNotEncryptedInPart) {
  EXPECT_EQ(encrypt_password(std::string(213, 'x'), kNonce, key()).size(), 256U);
  EXPECT_EQ(encrypt_password(std::string(214, 'x'), kNonce, key()), "");
}

TEST_F(PasswordCipherTest, WhatIsNoKeyEncryptsNothing) {
  EXPECT_TRUE(is_public_key(key()));
  for (const std::string& text : {std::string(), std::string("secret"), key().substr(0, 100)}) {
    EXPECT_FALSE(is_public_key(text));
    EXPECT_EQ(encrypt_password("secret", kNonce, text), "");
  }
}

TEST_F(PasswordCipherTest, AKeyOfAnotherKindIsNone) {
  EXPECT_FALSE(
      is_public_key("-----BEGIN PUBLIC KEY-----\n"
                    "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
                    "-----END PUBLIC KEY-----\n"));
}

}  // namespace
}  // namespace chatload::mysql
