#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>

#include "adapters/embedded/broker_options.h"
#include "adapters/embedded/bus_topics.h"
#include "adapters/sqlite/database.h"
#include "ports/clock.h"

namespace holdfast::embedded {

namespace bus {
class Core;
}

/// The queues of one database, for any number of buses (EmbeddedMessageBus) on any loops of this
/// process. A message is a row until it is acknowledged; what is next in each queue is in memory
/// too, so that to hand it out reads and writes nothing.
///
/// What was in memory when a process died may have been handed out: it is delivered again, marked
/// as redelivered, and the delivery counts towards `delivery_limit`, past which the message goes to
/// `parked`. So does one that a stopped bus had in hand.
///
/// Lives as long as its buses are wanted; what they still do after that has no effect.
class Broker {
 public:
  /// Makes or upgrades the tables in `database`, which has performed nothing yet or nothing for
  /// another broker that lives. `executor`: where it waits for delayed messages; the writer's will
  /// do. Database and clock outlive the broker and what it began on `executor`. Throws
  /// sqlite::Failure.
  Broker(sqlite::Database& database, boost::asio::any_io_executor executor, Clock& clock,
         BrokerOptions options = {});
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  /// Listens to events whose topic matches `pattern`: words between dots, `*` for any one of them,
  /// `#` for any number. Events are not kept: whoever listens later does not hear them.
  [[nodiscard]] std::unique_ptr<Listening> listen(std::string pattern, EventSink sink);

 private:
  friend class EmbeddedMessageBus;

  std::shared_ptr<bus::Core> core_;
};

}  // namespace holdfast::embedded
