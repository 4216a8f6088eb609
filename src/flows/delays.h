#pragma once

#include <array>
#include <optional>

#include "domain/money.h"
#include "ports/message_bus.h"

namespace holdfast::flows {

/// Delays that a message to a step's queue may take at one go. Each is a queue, so they are few; a
/// delay of any length is a chain of them.
inline constexpr std::array kStepRungs{
    Milliseconds{50},     Milliseconds{250},    Milliseconds{1'000},  Milliseconds{4'000},
    Milliseconds{16'000}, Milliseconds{64'000}, Milliseconds{256'000}};

/// Makes `message` come not before `not_before`: by the longest delay that fits, and from there on.
void delay_until(OutgoingMessage& message, Instant not_before, Instant now);

/// When a message that came by `delay_until` may be handled; unset: now. Messages of others, too.
std::optional<Instant> not_before(const Delivery& delivery);

}  // namespace holdfast::flows
