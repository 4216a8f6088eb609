#include "adapters/embedded/bus_core.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "adapters/embedded/bus_limits.h"
#include "async/spawn.h"

namespace holdfast::embedded::bus {

namespace asio = boost::asio;

Core::Core(sqlite::Database& database, asio::any_io_executor executor, Clock& clock,
           BrokerOptions options)
    : database_(database),
      executor_(std::move(executor)),
      clock_(clock),
      options_(options),
      topics_(std::make_shared<Topics>()) {}

void Core::open() {
  std::vector<store::QueueRecord> records;
  std::optional<Instant> due;
  database_.run_now([&](sqlite::Session& session) {
    records = store::open(session, options_.delivery_limit);
    due = store::next_due(session);
  });
  const Lock lock(mutex_);
  for (auto& record : records) {
    auto made = std::make_unique<Queue>(record.name, record.number, record.last_seq, true);
    by_number_.emplace(record.number, made.get());
    queues_.emplace(std::move(record.name), std::move(made));
  }
  open_ = true;
  if (due) wake_at(*due);
}

void Core::close() {
  const Lock lock(mutex_);
  open_ = false;
}

bool Core::is_open() const {
  const Lock lock(mutex_);
  return open_;
}

void Core::require_open() const {
  if (!is_open()) throw sqlite::Failure{PortErrorKind::unavailable, "the broker is closed"};
}

BusNumber Core::attach() {
  const Lock lock(mutex_);
  attached_.insert(++last_bus_);
  return last_bus_;
}

void Core::detach(BusNumber bus) {
  const Lock lock(mutex_);
  if (attached_.erase(bus) == 0) return;
  Returned returned;
  std::vector<Queue*> idle;
  for (auto& [name, queue] : queues_) {
    if (!queue->has(bus)) continue;
    auto seqs = queue->detach(bus);
    if (!seqs.empty()) returned.emplace_back(queue.get(), std::move(seqs));
    if (!queue->is_live()) idle.push_back(queue.get());
  }
  if (!open_) return;
  give_back(std::move(returned), std::move(idle));
  // Behind what was noted of the returned ones.
  for (auto& [name, queue] : queues_) top_up(*queue);
}

void Core::give_back(Returned returned, std::vector<Queue*> idle) {
  if (returned.empty() && idle.empty()) return;
  const auto self = shared_from_this();
  database_.post<Seq>(
      [self, returned = std::move(returned), idle = std::move(idle)](sqlite::Session& session) {
        self->require_open();
        return self->write_back(session, returned, idle);
      },
      [self](PortResult<Seq> last_parked) {
        if (!last_parked) return;
        const Lock lock(self->mutex_);
        Queue& parked = self->queue(queues::parked);
        parked.extended_to(*last_parked);
        self->top_up(parked);
      });
}

Seq Core::write_back(sqlite::Session& session, const Returned& returned,
                     const std::vector<Queue*>& idle) {
  for (const auto& [queue, seqs] : returned) {
    store::count_deliveries(session, queue->number, queue->name, seqs, options_.delivery_limit);
  }
  for (Queue* const queue : idle) {
    std::optional<Seq> loaded;
    {
      const Lock lock(mutex_);
      if (!queue->is_live()) loaded = queue->last_in_hand();
    }
    if (loaded) store::lower_loaded(session, queue->number, *loaded);
  }
  return store::last_seq(session, store::kParkedNumber);
}

void Core::set_paused(BusNumber bus, const QueueName& name, bool paused) {
  const Lock lock(mutex_);
  if (!attached_.contains(bus)) return;
  Queue& target = queue(name);
  target.set_paused(bus, paused);
  if (!target.is_live()) give_back({}, {&target});
  top_up(target);
}

std::unique_ptr<Listening> Core::listen(std::string pattern, EventSink sink) {
  return topics_->listen(std::move(pattern), std::move(sink));
}

Queue& Core::queue(const QueueName& name) {
  auto& found = queues_[name];
  if (!found) {
    const auto number = by_number_.rbegin()->first + 1;  // `parked` is always there
    found = std::make_unique<Queue>(name, number, 0, false);
    by_number_.emplace(number, found.get());
  }
  return *found;
}

Queue* Core::find(const QueueName& name) {
  const auto found = queues_.find(name);
  return found == queues_.end() ? nullptr : found->second.get();
}

void Core::top_up(Queue& queue) {
  if (open_ && queue.wants_messages()) fetch(queue);
}

void Core::fetch(Queue& queue) {
  queue.fetching = true;
  const auto self = shared_from_this();
  database_.post<store::Fetched>(
      [self, number = queue.number, after = queue.cursor(),
       count = queue.missing()](sqlite::Session& session) {
        self->require_open();
        return store::fetch(session, number, after, count);
      },
      [self, &queue, generation = queue.generation()](PortResult<store::Fetched> outcome) {
        const Lock lock(self->mutex_);
        queue.fetching = false;
        if (!outcome) {
          self->wake_at(self->clock_.now() + limits::kRetryAfter);
          return;
        }
        queue.fill(std::move(outcome->messages), outcome->through, generation);
        self->top_up(queue);
      });
}

void Core::wake_at(Instant due) {
  if (!open_ || (!alarms_.empty() && *alarms_.begin() <= due)) return;
  alarms_.insert(due);
  // Not here: it might run at once, and wants the lock.
  asio::post(executor_, [weak = weak_from_this(), executor = executor_, &clock = clock_, due] {
    async::spawn(executor, sleep_until(weak, clock, due), "the wait for delayed messages");
  });
}

asio::awaitable<void> Core::sleep_until(std::weak_ptr<Core> weak, Clock& clock, Instant due) {
  const Instant now = clock.now();
  if (due > now) co_await clock.sleep(due - now);
  if (const auto self = weak.lock()) self->on_alarm(due);
}

void Core::on_alarm(Instant due) {
  const Lock lock(mutex_);
  alarms_.erase(due);
  if (!open_) return;
  promote();
  // What the database could not read before.
  for (auto& [name, queue] : queues_) top_up(*queue);
}

void Core::promote() {
  const auto self = shared_from_this();
  database_.post<store::Promoted>(
      [self](sqlite::Session& session) {
        self->require_open();
        return store::promote(session, self->clock_.now());
      },
      [self](PortResult<store::Promoted> outcome) { self->promoted(std::move(outcome)); });
}

void Core::promoted(PortResult<store::Promoted> outcome) {
  const Lock lock(mutex_);
  if (!outcome) {
    wake_at(clock_.now() + limits::kRetryAfter);
    return;
  }
  for (const auto& [number, last] : outcome->last) {
    Queue& target = *by_number_.at(number);
    target.extended_to(last);
    top_up(target);
  }
  if (outcome->next_due) wake_at(*outcome->next_due);
}

}  // namespace holdfast::embedded::bus
