#include "http/auth.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <boost/beast/core/string.hpp>

#include "domain/assert.h"

namespace holdfast::http {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::array<std::uint8_t, 32> digest_from_hex(std::string_view hex) {
  std::array<std::uint8_t, 32> digest{};
  HF_ASSERT(hex.size() == 2 * digest.size());
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const int high = hex_value(hex[2 * i]);
    const int low = hex_value(hex[2 * i + 1]);
    HF_ASSERT(high >= 0 && low >= 0);
    digest[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return digest;
}

/// The token of `Bearer <token>` (RFC 6750, section 2.1); empty where there is none.
std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) return {};
  const std::string_view scheme = authorization.substr(0, kScheme.size());
  if (!boost::beast::iequals({scheme.data(), scheme.size()}, {kScheme.data(), kScheme.size()})) {
    return {};
  }
  authorization.remove_prefix(kScheme.size());
  const std::size_t begin = authorization.find_first_not_of(' ');
  return begin == std::string_view::npos ? std::string_view{} : authorization.substr(begin);
}

}  // namespace

Authenticator::Authenticator(const std::vector<ApiKey>& keys) {
  if (keys.empty()) everyone_ = Principal{"", Role::operations, identity_spaces("")};
  entries_.reserve(keys.size());
  for (const ApiKey& key : keys) {
    Principal principal{key.name, key.role, identity_spaces(key.name)};
    entries_.push_back({digest_from_hex(key.sha256), std::move(principal)});
  }
}

const Principal* Authenticator::authenticate(std::string_view authorization) const {
  if (everyone_) return &*everyone_;
  const std::string_view token = bearer_token(authorization);
  if (token.empty()) return nullptr;
  std::array<std::uint8_t, 32> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  const Principal* found = nullptr;
  for (const Entry& entry : entries_) {
    if (CRYPTO_memcmp(entry.digest.data(), digest.data(), digest.size()) == 0) {
      found = &entry.principal;
    }
  }
  return found;
}

}  // namespace holdfast::http
