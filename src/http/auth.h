#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/identity.h"

namespace holdfast::http {

/// `shop` places orders and refunds and reads; `operations` may do everything.
enum class Role { shop, operations };

struct ApiKey {
  std::string name;
  std::string sha256;  ///< of the secret, 64 hex digits
  Role role = Role::shop;
};

/// Who asks.
struct Principal {
  std::string name;  ///< of the key; empty where none is needed
  Role role = Role::operations;
  IdentitySpaces spaces;
};

/// Knows the API keys by their digests. Immutable after construction.
class Authenticator {
 public:
  /// No keys: everyone may do everything. Precondition: digests are 64 hex digits.
  explicit Authenticator(const std::vector<ApiKey>& keys);

  /// Null: no key, or none that is known. Takes the same time whichever key is right.
  [[nodiscard]] const Principal* authenticate(std::string_view authorization) const;

 private:
  struct Entry {
    std::array<std::uint8_t, 32> digest{};
    Principal principal;
  };
  std::optional<Principal> everyone_;
  std::vector<Entry> entries_;
};

}  // namespace holdfast::http
