#pragma once

#include "adapters/rabbitmq/url.h"
#include "adapters/rabbitmq/wake.h"
#include "domain/money.h"

namespace holdfast::rabbitmq {

struct SocketSettings {
  Milliseconds connect_timeout{};
  Milliseconds user_timeout{};  ///< TCP_USER_TIMEOUT: unacknowledged data ends the connection
};

/// Opens a non-blocking TCP connection with TCP_NODELAY, keepalive and TCP_USER_TIMEOUT, attached
/// to `interrupt`. The caller owns the descriptor. Throws ConnectionError.
int connect_tcp(const AmqpUrl& url, const SocketSettings& settings, SocketInterrupt& interrupt);

}  // namespace holdfast::rabbitmq
