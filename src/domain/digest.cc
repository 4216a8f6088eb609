#include "domain/digest.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <span>

#include "domain/assert.h"

namespace holdfast {
namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

std::string hex_of(std::span<const unsigned char> digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * digest.size());
  for (const unsigned char byte : digest) {
    hex.push_back(kDigits[byte >> 4U]);
    hex.push_back(kDigits[byte & 0x0fU]);
  }
  return hex;
}

}  // namespace

std::string sha256_hex(std::string_view content) {
  Digest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest.data());
  return hex_of(digest);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  HF_ASSERT(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Sha256::add(std::string_view part) {
  HF_ASSERT(EVP_DigestUpdate(context_.get(), part.data(), part.size()) == 1);
}

std::string Sha256::hex() {
  Digest digest{};
  HF_ASSERT(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1);
  return hex_of(digest);
}

}  // namespace holdfast
