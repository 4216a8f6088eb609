#include <algorithm>
#include <utility>

#include "adapters/embedded/bus_core.h"
#include "adapters/embedded/bus_limits.h"
#include "async/spawn.h"

namespace holdfast::embedded::bus {

namespace asio = boost::asio;

namespace {

/// The clock tells whole milliseconds: `now` may be almost one later than it says, and a delay must
/// not be cut short.
constexpr Milliseconds kClockGrain{1};

tl::unexpected<PortError> rejected(std::string detail) {
  return tl::unexpected(PortError{PortErrorKind::rejected, Effect::none, std::move(detail)});
}

tl::unexpected<PortError> closed() {
  return tl::unexpected(
      PortError{PortErrorKind::unavailable, Effect::none, "the broker is closed"});
}

std::vector<Delivery> deliveries_of(std::vector<OutgoingMessage> messages) {
  std::vector<Delivery> deliveries;
  deliveries.reserve(messages.size());
  for (auto& message : messages) {
    Delivery& delivery = deliveries.emplace_back();
    delivery.id = message.id;
    delivery.body = std::move(message.body);
    delivery.attempts = message.attempts;
    delivery.headers = std::move(message.headers);
  }
  return deliveries;
}

}  // namespace

template <class T>
asio::awaitable<PortResult<T>> Core::perform(std::function<T(sqlite::Session&)> work,
                                             std::function<void(PortResult<T>&)> settled) {
  std::optional<PortResult<T>> result;
  if (!is_open()) {
    settled(result.emplace(closed()));
    co_return std::move(*result);
  }
  auto keep = [&](Resumption resumption) {
    database_.post<T>(
        [self = shared_from_this(), work = std::move(work)](sqlite::Session& session) {
          self->require_open();
          return work(session);
        },
        [&result, settled = std::move(settled),
         waiting = std::shared_ptr<async::detail::Resumption>(std::move(resumption))](
            PortResult<T> outcome) {
          settled(outcome);
          result.emplace(std::move(outcome));
          waiting->resume();
        });
  };
  co_await async::detail::suspend(keep);
  co_return std::move(*result);
}

// Publish.

std::optional<std::string> Core::why_refused(const OutgoingMessage& message) const {
  if (auto why = why_unsendable(message)) return why;
  if (message.topic && message.needs_listener && !topics_->anybody_listens(*message.topic)) {
    return "nobody listens to " + *message.topic;
  }
  return std::nullopt;
}

Publication::Segment& Core::segment(Publication& publication, Queue& queue) {
  auto& segments = publication.segments;
  const auto found = std::find_if(segments.rbegin(), segments.rend(),
                                  [&](const auto& one) { return one.queue == &queue; });
  if (found != segments.rend()) return *found;
  auto& added = segments.emplace_back();
  added.queue = &queue;
  return added;
}

std::shared_ptr<Publication> Core::address(std::vector<OutgoingMessage> messages) {
  auto publication = std::make_shared<Publication>();
  const Lock lock(mutex_);
  for (auto& message : messages) {
    if (message.topic) {
      publication->events.push_back(std::move(message));
    } else if (Queue& target = queue(message.queue); message.delay) {
      const Instant due = clock_.now() + *message.delay + kClockGrain;
      publication->delayed.push_back({&target, due, std::move(message)});
    } else {
      segment(*publication, target).messages.push_back(std::move(message));
    }
  }
  return publication;
}

asio::awaitable<PortResult<void>> Core::publish(std::shared_ptr<Core> self,
                                                std::vector<OutgoingMessage> messages) {
  for (const auto& message : messages) {
    if (auto why = self->why_refused(message)) co_return rejected(std::move(*why));
  }
  const auto publication = self->address(std::move(messages));
  std::function<void(sqlite::Session&)> work = [self, publication](sqlite::Session& session) {
    self->write(session, *publication);
  };
  std::function<void(PortResult<void>&)> settled = [self, publication](PortResult<void>& outcome) {
    if (outcome) self->published(*publication);
  };
  co_return co_await self->perform<void>(std::move(work), std::move(settled));
}

void Core::write(sqlite::Session& session, Publication& publication) {
  for (auto& part : publication.segments) write_segment(session, part);
  for (const auto& delayed : publication.delayed) {
    create_if_new(session, *delayed.queue);
    store::delay(session, delayed.queue->number, delayed.available_at, delayed.message);
  }
}

void Core::write_segment(sqlite::Session& session, Publication::Segment& segment) {
  Queue& target = *segment.queue;
  create_if_new(session, target);
  std::size_t room = 0;
  {
    const Lock lock(mutex_);
    room = target.room();
    segment.tail.generation = target.generation();
  }
  const auto count = segment.messages.size();
  const auto extent = store::extend(session, target.number, count, room);
  if (static_cast<std::uint64_t>(extent.length) > options_.max_length &&
      target.number != store::kParkedNumber) {
    sqlite::reject("the queue '" + target.name.value + "' is full");
  }
  segment.tail.last = extent.last;
  segment.tail.first = extent.last - static_cast<Seq>(count) + 1;
  segment.tail.loaded = extent.loaded;
  Seq seq = segment.tail.first;
  for (const auto& message : segment.messages) {
    store::insert(session, target.number, seq, message);
    ++seq;
  }
}

void Core::create_if_new(sqlite::Session& session, const Queue& queue) {
  {
    const Lock lock(mutex_);
    if (queue.exists) return;
  }
  store::create_queue(session, queue.number, queue.name);
}

void Core::published(Publication& publication) {
  {
    const Lock lock(mutex_);
    for (auto& part : publication.segments) {
      part.queue->append(part.tail, deliveries_of(std::move(part.messages)));
      top_up(*part.queue);
    }
    for (const auto& delayed : publication.delayed) {
      delayed.queue->extended_to(0);
      wake_at(delayed.available_at);
    }
  }
  for (const auto& event : publication.events) topics_->tell(event);
}

// Receive.

asio::awaitable<std::vector<Delivery>> Core::receive(std::shared_ptr<Core> self,
                                                     asio::any_io_executor executor, BusNumber bus,
                                                     QueueName queue, BatchLimits limits) {
  // More than is kept in memory would only be waited for in vain.
  const auto max = std::clamp<std::size_t>(limits.max_messages, 1, limits::kMaxLoaded);
  Queue* const from = self->subscribe(bus, queue, max);
  bool lingered = limits.linger.count() <= 0;
  while (from != nullptr) {
    auto taking = self->take(*from, bus, max, lingered);
    if (!taking) break;
    if (taking->wanted == 0) co_return std::move(taking->batch);
    const WaiterNumber waiter = self->next_waiter();
    const bool some_are_there = taking->wanted > 1;
    if (some_are_there) {
      async::spawn(executor, linger(self, from, waiter, self->clock_, limits.linger), "a linger");
    }
    co_await wait(self, *from, bus, taking->wanted, waiter);
    lingered = some_are_there || limits.linger.count() <= 0;
  }
  co_return std::vector<Delivery>{};
}

Queue* Core::subscribe(BusNumber bus, const QueueName& name, std::size_t max_messages) {
  const Lock lock(mutex_);
  if (!attached_.contains(bus)) return nullptr;
  Queue& target = queue(name);
  target.subscribe(bus, max_messages);
  top_up(target);
  return &target;
}

std::optional<Taking> Core::take(Queue& queue, BusNumber bus, std::size_t max_messages,
                                 bool lingered) {
  const Lock lock(mutex_);
  if (!attached_.contains(bus)) return std::nullopt;
  auto taking = queue.take(bus, max_messages, lingered, last_tag_);
  top_up(queue);
  return taking;
}

WaiterNumber Core::next_waiter() {
  const Lock lock(mutex_);
  return ++last_waiter_;
}

asio::awaitable<void> Core::wait(std::shared_ptr<Core> self, Queue& queue, BusNumber bus,
                                 std::size_t wanted, WaiterNumber number) {
  auto keep = [&](Resumption resumption) {
    const Lock lock(self->mutex_);
    queue.wait(number, bus, wanted, std::move(resumption));
  };
  co_await async::detail::suspend(keep);
}

asio::awaitable<void> Core::linger(std::weak_ptr<Core> weak, Queue* queue, WaiterNumber number,
                                   Clock& clock, Milliseconds time) {
  co_await clock.sleep(time);
  const auto self = weak.lock();
  if (!self) co_return;
  const Lock lock(self->mutex_);
  queue->end_wait(number);
}

// Acknowledge, ask.

asio::awaitable<PortResult<void>> Core::ack(std::shared_ptr<Core> self, BusNumber bus,
                                            QueueName queue, std::vector<Tag> tags) {
  auto acknowledgement = std::make_shared<Acknowledgement>();
  Queue* from = nullptr;
  {
    const Lock lock(self->mutex_);
    from = self->find(queue);
    if (from != nullptr) *acknowledgement = from->acknowledging(bus, tags);
  }
  if (acknowledgement->tags.empty()) co_return PortResult<void>{};
  std::function<void(sqlite::Session&)> work = [from, acknowledgement](sqlite::Session& session) {
    store::remove(session, from->number, acknowledgement->seqs);
  };
  std::function<void(PortResult<void>&)> settled = [self, from,
                                                    acknowledgement](PortResult<void>& outcome) {
    const Lock lock(self->mutex_);
    if (outcome) {
      from->acknowledged(acknowledgement->tags);
    } else {
      from->not_acknowledged(acknowledgement->tags);
    }
    self->top_up(*from);
  };
  co_return co_await self->perform<void>(std::move(work), std::move(settled));
}

asio::awaitable<PortResult<QueueDepth>> Core::depth(std::shared_ptr<Core> self, QueueName queue) {
  Queue* of = nullptr;
  {
    const Lock lock(self->mutex_);
    of = self->find(queue);
  }
  if (of == nullptr) co_return QueueDepth{};
  std::function<QueueDepth(sqlite::Session&)> work = [of](sqlite::Session& session) {
    QueueDepth depth;
    depth.ready = static_cast<std::uint64_t>(store::length(session, of->number));
    return depth;
  };
  std::function<void(PortResult<QueueDepth>&)> settled = [self, of](PortResult<QueueDepth>& depth) {
    if (!depth) return;
    const Lock lock(self->mutex_);
    depth->ready -= std::min<std::uint64_t>(depth->ready, of->in_hand());
    depth->consumers = of->consumers();
  };
  co_return co_await self->perform<QueueDepth>(std::move(work), std::move(settled));
}

}  // namespace holdfast::embedded::bus
