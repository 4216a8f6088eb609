#include "adapters/step_http/signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "domain/assert.h"

namespace holdfast::step_http {
namespace {

constexpr std::string_view kPrefix = "whsec_";

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool is_base64_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

/// Strict, where OpenSSL's own decoder passes over blanks and takes padding for zeros.
std::optional<std::string> decode_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  const std::string_view digits = text.substr(0, text.size() - padding);
  if (!std::all_of(digits.begin(), digits.end(), is_base64_digit)) return std::nullopt;
  std::string decoded(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()), bytes_of(text),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  decoded.resize(static_cast<std::size_t>(size) - padding);
  return decoded;
}

std::optional<std::string> key_of(std::string_view secret) {
  if (secret.starts_with(kPrefix)) secret.remove_prefix(kPrefix.size());
  return decode_base64(secret);
}

constexpr std::string_view kUnusable = "the webhook secret is not whsec_ followed by base64";

}  // namespace

std::optional<std::string> why_unusable_secret(std::string_view secret) {
  if (key_of(secret)) return std::nullopt;
  return std::string{kUnusable};
}

tl::expected<std::string, std::string> sign(std::string_view secret, const SignedContent& content) {
  const auto key = key_of(secret);
  if (!key) return tl::unexpected(std::string{kUnusable});
  std::string text{content.id};
  text += '.';
  text += std::to_string(content.unix_seconds);
  text += '.';
  text += content.body;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HF_ASSERT(HMAC(EVP_sha256(), key->data(), static_cast<int>(key->size()), bytes_of(text),
                 text.size(), digest.data(), &size) != nullptr);
  std::array<unsigned char, EVP_MAX_MD_SIZE * 2> encoded{};
  const int length = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(size));
  return "v1," + std::string(encoded.begin(), encoded.begin() + length);
}

}  // namespace holdfast::step_http
