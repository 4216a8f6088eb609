#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast {

/// A UUID of any version (RFC 9562), 16 bytes in network order.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;
  [[nodiscard]] std::string to_string() const;  ///< 36 characters, lower case
  [[nodiscard]] bool is_nil() const { return *this == Uuid{}; }
};

/// Parses the 36-character form, either case. Anything else is nullopt.
std::optional<Uuid> parse_uuid(std::string_view text);

/// UUIDv5 (SHA-1, RFC 9562 section 5.5) of `name` within `space`.
Uuid name_based_uuid(const Uuid& space, std::string_view name);

/// UUIDv7 (RFC 9562 section 5.7): Unix milliseconds followed by 74 bits of `randomness`.
Uuid time_ordered_uuid(std::int64_t unix_ms, const std::array<std::uint8_t, 10>& randomness);

/// A UUID that names one kind of thing, so that an order's id cannot be passed for a refund's.
template <class Tag>
struct Id {
  Uuid value;

  auto operator<=>(const Id&) const = default;
  [[nodiscard]] std::string to_string() const { return value.to_string(); }
  static std::optional<Id> parse(std::string_view text) {
    const auto uuid = parse_uuid(text);
    return uuid ? std::optional<Id>{Id{*uuid}} : std::nullopt;
  }
};

using OrderId = Id<struct OrderTag>;
using RefundId = Id<struct RefundTag>;
using ReservationId = Id<struct ReservationTag>;
using MessageId = Id<struct MessageTag>;

/// A text that names one kind of thing: 1 to 64 characters of `A-Za-z0-9._:-` where a user chose
/// it.
template <class Tag>
struct Name {
  std::string value;

  auto operator<=>(const Name&) const = default;
  [[nodiscard]] const std::string& to_string() const { return value; }
};

using Sku = Name<struct SkuTag>;
using UserId = Name<struct UserTag>;
using StepName = Name<struct StepTag>;
using PlanName = Name<struct PlanTag>;
using QueueName = Name<struct QueueTag>;
/// Names one change of stock for ever: an adjustment's, a refund's or a reservation's.
using ChangeId = Name<struct ChangeTag>;

/// True for 1 to 64 characters of `A-Za-z0-9._:-`.
bool is_valid_name(std::string_view text);

}  // namespace holdfast

template <>
struct std::hash<holdfast::Uuid> {
  std::size_t operator()(const holdfast::Uuid& uuid) const noexcept;
};
template <class Tag>
struct std::hash<holdfast::Id<Tag>> {
  std::size_t operator()(const holdfast::Id<Tag>& id) const noexcept {
    return std::hash<holdfast::Uuid>{}(id.value);
  }
};
template <class Tag>
struct std::hash<holdfast::Name<Tag>> {
  std::size_t operator()(const holdfast::Name<Tag>& name) const noexcept {
    return std::hash<std::string>{}(name.value);
  }
};
