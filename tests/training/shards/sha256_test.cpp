#include "fusion/training/shards/sha256.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace lacuna::training {
namespace {

// Examples of FIPS 180-4 and its test vectors.
TEST(Sha256, AgreesWithTheStandard) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotDependOnThePieces) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += char('a' + i % 23);
  for (std::size_t length : {0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 257}) {
    const std::string whole = text.substr(0, length);
    for (std::size_t piece : {1, 3, 64, 100}) {
      Sha256 hash;
      for (std::size_t at = 0; at < length; at += piece) {
        hash.update(std::string_view(whole).substr(at, piece));
      }
      EXPECT_EQ(hash.hex(), sha256_hex(whole)) << length << " bytes in pieces of " << piece;
    }
  }
}

}  // namespace
}  // namespace lacuna::training
