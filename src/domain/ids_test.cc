#include "domain/ids.h"

#include <gtest/gtest.h>

#include "domain/digest.h"

namespace holdfast {
namespace {

TEST(Ids, ParseAndPrintTheCanonicalForm) {
  const auto uuid = parse_uuid("F81D4FAE-7DEC-11d0-a765-00a0c91e6bf6");
  ASSERT_TRUE(uuid.has_value());
  EXPECT_EQ(uuid->to_string(), "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
  EXPECT_FALSE(uuid->is_nil());
  EXPECT_TRUE(Uuid{}.is_nil());
}

TEST(Ids, RefuseEveryOtherForm) {
  for (const char* text :
       {"", "f81d4fae7dec11d0a76500a0c91e6bf6", "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf", "f81d4fae-7dec-11d0-a765-00a0c91e6bfg",
        "f81d4fae-7dec-11d0-a76500a0c91e6bf6-", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6 "}) {
    EXPECT_FALSE(parse_uuid(text).has_value()) << text;
  }
}

TEST(Ids, NameBasedMatchesTheExampleOfRfc9562) {  // appendix A.4
  const auto dns = parse_uuid("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  ASSERT_TRUE(dns.has_value());
  EXPECT_EQ(name_based_uuid(*dns, "www.example.com").to_string(),
            "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

TEST(Ids, TimeOrderedMatchesTheExampleOfRfc9562) {  // appendix A.6
  const std::array<std::uint8_t, 10> randomness{0x0c, 0xc3, 0x18, 0xc4, 0xdc,
                                                0x0c, 0x0c, 0x07, 0x39, 0x8f};
  EXPECT_EQ(time_ordered_uuid(1'645'557'742'000, randomness).to_string(),
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

TEST(Ids, NamesHaveOneToSixtyFourCharactersOfTheirAlphabet) {
  EXPECT_TRUE(is_valid_name("A-1"));
  EXPECT_TRUE(is_valid_name("azAZ09._:-"));
  EXPECT_TRUE(is_valid_name(std::string(64, 'x')));
  EXPECT_FALSE(is_valid_name(""));
  EXPECT_FALSE(is_valid_name(std::string(65, 'x')));
  for (const char* text : {"a b", "a/b", "a\n", "\xc3\xa9", "a,b", "{a}", "a@b", "a[b"}) {
    EXPECT_FALSE(is_valid_name(text)) << text;
  }
  EXPECT_FALSE(is_valid_name(std::string_view("a\0b", 3)));
}

TEST(Digest, MatchesTheExamplesOfFips180) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  Sha256 in_parts;
  for (const auto* part : {"a", "", "bc"}) in_parts.add(part);
  EXPECT_EQ(in_parts.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace holdfast
