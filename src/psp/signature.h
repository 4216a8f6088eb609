#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "domain/money.h"

namespace holdfast::psp {

/// The shared secret of Standard Webhooks (standard-webhooks.com, specification 1.0).
class Secret {
 public:
  /// `whsec_` and base64. The error is a sentence.
  static tl::expected<Secret, std::string> parse(std::string_view text);

  /// `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
  [[nodiscard]] std::string sign(std::string_view id, std::string_view timestamp,
                                 std::string_view body) const;

 private:
  explicit Secret(std::string bytes) : bytes_(std::move(bytes)) {}
  std::string bytes_;
};

/// The header fields `webhook-id`, `webhook-timestamp` and `webhook-signature`, and the body.
struct SignedMessage {
  std::string_view id;
  std::string_view timestamp;   ///< Unix seconds
  std::string_view signatures;  ///< any number of them, with spaces between
  std::string_view body;
};

/// Unset: the message is by someone who knows the secret, and not older or newer than the
/// tolerance. Compares in constant time.
std::optional<std::string> signature_fault(const Secret& secret, const SignedMessage& message,
                                           Instant now);

}  // namespace holdfast::psp
