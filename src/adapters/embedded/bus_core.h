#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "adapters/embedded/broker_options.h"
#include "adapters/embedded/bus_message.h"
#include "adapters/embedded/bus_queue.h"
#include "adapters/embedded/bus_store.h"
#include "adapters/embedded/bus_topics.h"
#include "adapters/sqlite/database.h"
#include "ports/clock.h"
#include "ports/message_bus.h"

namespace holdfast::embedded::bus {

/// One call of `publish`: its messages, by where they go. Shared by its job and what follows it.
struct Publication {
  /// Of one queue, in the order of the call.
  struct Segment {
    Queue* queue = nullptr;  // HELD NOT OWNED: lives as long as the broker's core
    std::vector<OutgoingMessage> messages;
    Tail tail;
  };
  struct Delayed {
    Queue* queue = nullptr;  // HELD NOT OWNED
    Instant available_at{};
    OutgoingMessage message;
  };

  std::vector<Segment> segments;
  std::vector<Delayed> delayed;
  std::vector<OutgoingMessage> events;
};

/// What all buses over one database share: the queues in memory, under one lock, and the jobs that
/// keep the tables. Any thread may call; jobs, and what follows each of them, run on the
/// database's writer. Kept by the broker, its buses and their calls. Once closed it does nothing.
class Core : public std::enable_shared_from_this<Core> {
 public:
  Core(sqlite::Database& database, boost::asio::any_io_executor executor, Clock& clock,
       BrokerOptions options);

  /// Reads the queues. Throws sqlite::Failure.
  void open();
  void close();
  [[nodiscard]] bool is_open() const;

  BusNumber attach();
  /// Ends the calls of `bus` that wait and returns what it has in hand. Idempotent.
  void detach(BusNumber bus);

  static boost::asio::awaitable<PortResult<void>> publish(std::shared_ptr<Core> self,
                                                          std::vector<OutgoingMessage> messages);
  /// On `executor`, that of the calling coroutine.
  static boost::asio::awaitable<std::vector<Delivery>> receive(
      std::shared_ptr<Core> self, boost::asio::any_io_executor executor, BusNumber bus,
      QueueName queue, BatchLimits limits);
  static boost::asio::awaitable<PortResult<void>> ack(std::shared_ptr<Core> self, BusNumber bus,
                                                      QueueName queue, std::vector<Tag> tags);
  static boost::asio::awaitable<PortResult<QueueDepth>> depth(std::shared_ptr<Core> self,
                                                              QueueName queue);
  void set_paused(BusNumber bus, const QueueName& queue, bool paused);
  std::unique_ptr<Listening> listen(std::string pattern, EventSink sink);

 private:
  using Lock = std::lock_guard<std::mutex>;
  using Returned = std::vector<std::pair<Queue*, std::vector<Seq>>>;

  // Database work. `perform` resumes after `settled`.
  template <class T>
  boost::asio::awaitable<PortResult<T>> perform(std::function<T(sqlite::Session&)> work,
                                                std::function<void(PortResult<T>&)> settled);
  void require_open() const;
  [[nodiscard]] std::optional<std::string> why_refused(const OutgoingMessage& message) const;
  void write(sqlite::Session& session, Publication& publication);
  void write_segment(sqlite::Session& session, Publication::Segment& segment);
  void create_if_new(sqlite::Session& session, const Queue& queue);
  void published(Publication& publication);
  /// The last place of `parked`.
  Seq write_back(sqlite::Session& session, const Returned& returned,
                 const std::vector<Queue*>& idle);

  // With the lock held.
  Queue& queue(const QueueName& name);
  Queue* find(const QueueName& name);
  void top_up(Queue& queue);
  void fetch(Queue& queue);
  /// Notes deliveries in vain, and of `idle` queues that nothing of theirs is in memory.
  void give_back(Returned returned, std::vector<Queue*> idle);
  std::shared_ptr<Publication> address(std::vector<OutgoingMessage> messages);
  Publication::Segment& segment(Publication& publication, Queue& queue);

  // Delays. One coroutine sleeps for each instant of `alarms_`.
  void wake_at(Instant due);
  static boost::asio::awaitable<void> sleep_until(std::weak_ptr<Core> weak, Clock& clock,
                                                  Instant due);
  void on_alarm(Instant due);
  void promote();
  void promoted(PortResult<store::Promoted> outcome);

  // One receive.
  static boost::asio::awaitable<void> wait(std::shared_ptr<Core> self, Queue& queue, BusNumber bus,
                                           std::size_t wanted, WaiterNumber number);
  static boost::asio::awaitable<void> linger(std::weak_ptr<Core> weak, Queue* queue,
                                             WaiterNumber number, Clock& clock, Milliseconds time);
  Queue* subscribe(BusNumber bus, const QueueName& name, std::size_t max_messages);
  std::optional<Taking> take(Queue& queue, BusNumber bus, std::size_t max_messages, bool lingered);
  WaiterNumber next_waiter();

  sqlite::Database& database_;  // HELD NOT OWNED
  const boost::asio::any_io_executor executor_;
  Clock& clock_;  // HELD NOT OWNED
  const BrokerOptions options_;
  const std::shared_ptr<Topics> topics_;

  mutable std::mutex mutex_;
  bool open_ = false;
  std::map<QueueName, std::unique_ptr<Queue>> queues_;
  std::map<store::QueueNumber, Queue*> by_number_;
  std::set<BusNumber> attached_;
  std::set<Instant> alarms_;
  BusNumber last_bus_ = 0;
  Tag last_tag_ = 0;
  WaiterNumber last_waiter_ = 0;
};

}  // namespace holdfast::embedded::bus
