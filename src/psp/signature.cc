#include "psp/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "domain/assert.h"
#include "psp/limits.h"

namespace holdfast::psp {
namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::string_view kVersion = "v1,";

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::optional<std::string> base64_decoded(std::string_view text) {
  const std::size_t end = text.find_last_not_of('=');
  const std::size_t padding = end == std::string_view::npos ? text.size() : text.size() - end - 1;
  // OpenSSL decodes groups of four, tolerates blanks around them, and counts padding as zeros.
  if (text.empty() || text.size() % 4 != 0 || padding > 2 ||
      text.find_first_of(" \t\r\n") != std::string_view::npos) {
    return std::nullopt;
  }
  std::string decoded(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()), bytes_of(text),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  decoded.resize(static_cast<std::size_t>(size) - padding);
  return decoded;
}

bool equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool any_matches(std::string_view signatures, std::string_view expected) {
  bool matches = false;
  while (!signatures.empty()) {
    const std::string_view one = signatures.substr(0, signatures.find(' '));
    matches = equal(one, expected) || matches;
    signatures.remove_prefix(std::min(one.size() + 1, signatures.size()));
  }
  return matches;
}

}  // namespace

tl::expected<Secret, std::string> Secret::parse(std::string_view text) {
  constexpr std::size_t kMaxText = 1024;
  if (text.starts_with(kPrefix) && text.size() <= kMaxText) {
    if (auto bytes = base64_decoded(text.substr(kPrefix.size()))) return Secret(std::move(*bytes));
  }
  return tl::unexpected(std::string("must be whsec_ and base64, as in whsec_c2VjcmV0LXNlY3JldA=="));
}

std::string Secret::sign(std::string_view id, std::string_view timestamp,
                         std::string_view body) const {
  std::string content;
  content.reserve(id.size() + timestamp.size() + body.size() + 2);
  content.append(id).append(".").append(timestamp).append(".").append(body);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  const auto* made = HMAC(EVP_sha256(), bytes_.data(), static_cast<int>(bytes_.size()),
                          bytes_of(content), content.size(), mac.data(), &size);
  HF_ASSERT(made != nullptr);
  std::array<unsigned char, std::size_t{2} * EVP_MAX_MD_SIZE> text{};
  const int length = EVP_EncodeBlock(text.data(), mac.data(), static_cast<int>(size));
  return std::string(kVersion) +
         std::string(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length));
}

std::optional<std::string> signature_fault(const Secret& secret, const SignedMessage& message,
                                           Instant now) {
  if (message.id.empty() || message.timestamp.empty() || message.signatures.empty()) {
    return "webhook-id, webhook-timestamp and webhook-signature are needed";
  }
  std::int64_t seconds = 0;
  const char* const end = message.timestamp.data() + message.timestamp.size();
  const auto [at, error] = std::from_chars(message.timestamp.data(), end, seconds);
  if (error != std::errc{} || at != end) return "webhook-timestamp must be Unix seconds";
  const auto now_s = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  const std::int64_t tolerance = std::chrono::seconds(limits::kSignatureTolerance).count();
  if (seconds < now_s - tolerance || seconds > now_s + tolerance) {
    return "webhook-timestamp is more than five minutes off";
  }
  const std::string expected = secret.sign(message.id, message.timestamp, message.body);
  if (!any_matches(message.signatures, expected)) return "webhook-signature does not match";
  return std::nullopt;
}

}  // namespace holdfast::psp
