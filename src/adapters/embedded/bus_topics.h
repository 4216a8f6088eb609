#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "ports/message_bus.h"

namespace holdfast::embedded {

/// Told each event, on the writer's thread, after its commit. Must be quick and call no bus.
using EventSink = std::function<void(const OutgoingMessage&)>;

/// Listens until its end; no call of the sink after that.
class Listening {
 public:
  virtual ~Listening() = default;
};

namespace bus {

/// True when the topic's words, between dots, are those of `pattern`: `*` for any one of them, `#`
/// for any number (as in an AMQP topic exchange).
bool topic_matches(std::string_view pattern, std::string_view topic);

/// Who listens to events, in memory. On any thread.
class Topics : public std::enable_shared_from_this<Topics> {
 public:
  [[nodiscard]] std::unique_ptr<Listening> listen(std::string pattern, EventSink sink);
  [[nodiscard]] bool anybody_listens(std::string_view topic) const;
  /// Calls the sinks that `event.topic` matches, in the order in which they began to listen.
  void tell(const OutgoingMessage& event) const;

 private:
  struct Listener {
    std::string pattern;
    EventSink sink;
  };
  class Registration;

  void remove(std::uint64_t number);

  mutable std::mutex mutex_;
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, Listener> listeners_;
};

}  // namespace bus
}  // namespace holdfast::embedded
