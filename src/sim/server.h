#pragma once

#include <cstdint>
#include <string>

#include "domain/money.h"
#include "ports/errors.h"

namespace holdfast::sim {

/// One server as its clients meet it.
struct Server {
  std::string name;
  bool up = true;
  std::uint64_t epoch = 0;      ///< counts losses of all connections
  bool has_sessions = false;    ///< a lost request or reply means a lost connection
  Milliseconds timeout{2'000};  ///< after which a client gives up on a reply

  void drop_connections() { ++epoch; }
};

inline PortError refused(const Server& server) {
  PortError error;
  error.kind = PortErrorKind::unavailable;
  error.effect = Effect::none;
  error.detail = server.name + " cannot be reached";
  return error;
}

inline PortError connection_lost(const Server& server) {
  PortError error;
  error.kind = PortErrorKind::unavailable;
  error.effect = Effect::unknown;
  error.detail = server.name + ": connection lost";
  return error;
}

inline PortError timed_out(const Server& server) {
  PortError error;
  error.kind = PortErrorKind::timed_out;
  error.effect = Effect::unknown;
  error.detail = server.name + ": no answer in time";
  return error;
}

}  // namespace holdfast::sim
