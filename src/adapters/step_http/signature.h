#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace holdfast::step_http {

/// What a signature is about.
struct SignedContent {
  std::string_view id;  ///< as in `webhook-id`
  std::int64_t unix_seconds = 0;
  std::string_view body;
};

/// Why `secret` cannot sign, a sentence without the secret; unset when it can. A secret is base64
/// (RFC 4648 section 4, padded), with or without `whsec_` in front.
std::optional<std::string> why_unusable_secret(std::string_view secret);

/// The value of `webhook-signature`: `v1,` and the base64 of an HMAC-SHA256 over id, timestamp and
/// body (Standard Webhooks 1.0.0, "Signature scheme"). The error is that of `why_unusable_secret`.
tl::expected<std::string, std::string> sign(std::string_view secret, const SignedContent& content);

}  // namespace holdfast::step_http
