// SPDX-License-Identifier: Apache-2.0
#include "edge/secrets.h"

#include <gtest/gtest.h>

namespace cityloop {
namespace {

TEST(Secrets, Passwords) {
  const std::string hash = hash_password("correct horse").value();
  EXPECT_TRUE(hash.starts_with("$argon2id$"));
  EXPECT_TRUE(verify_password(hash, "correct horse"));
  EXPECT_FALSE(verify_password(hash, "correct hors"));
  EXPECT_FALSE(verify_password("", "correct horse"));
  EXPECT_FALSE(verify_password("rubbish", ""));
  EXPECT_FALSE(verify_password(std::string(500, '$'), "x"));
  EXPECT_NE(hash_password("correct horse").value(), hash);
}

TEST(Secrets, KnownDigests) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-2
  EXPECT_EQ(hmac_hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");  // RFC 4231, case 2
  EXPECT_EQ(bytes_of_hex("00ff10").value(), std::string("\x00\xff\x10", 3));
  EXPECT_FALSE(bytes_of_hex("0"));
  EXPECT_FALSE(bytes_of_hex("zz"));
  EXPECT_EQ(random_hex(16).size(), 32u);
  EXPECT_NE(random_hex(16), random_hex(16));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

TEST(Secrets, SealedFieldsOpenOnlyWithKeyAndContext) {
  const std::string key = random_bytes(kSealKeyBytes);
  for (const std::string plain : {"", "13800000000", "张三"}) {
    const std::string sealed = seal(key, "person:1", plain);
    EXPECT_EQ(sealed.find(plain.empty() ? "!" : plain), std::string::npos);
    EXPECT_EQ(unseal(key, "person:1", sealed).value(), plain);
    EXPECT_NE(seal(key, "person:1", plain), sealed);
    EXPECT_EQ(unseal(key, "person:2", sealed).error().code, &errors::kCorrupt);
    EXPECT_EQ(unseal(random_bytes(kSealKeyBytes), "person:1", sealed).error().code, &errors::kCorrupt);
    std::string changed = sealed;
    changed[10] = changed[10] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(unseal(key, "person:1", changed));
    EXPECT_FALSE(unseal(key, "person:1", sealed.substr(0, 20)));
  }
}

}  // namespace
}  // namespace cityloop
