#include "adapters/rabbitmq/rabbit_message_bus.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "adapters/rabbitmq/consumer.h"
#include "adapters/rabbitmq/inbox.h"
#include "adapters/rabbitmq/limits.h"
#include "adapters/rabbitmq/publisher.h"

namespace holdfast::rabbitmq {

namespace asio = boost::asio;

namespace {

/// One call that waits for an adapter thread; its timer is the call's deadline and its wake-up.
struct Ticket {
  explicit Ticket(const asio::any_io_executor& executor) : timer(executor) {}

  asio::steady_timer timer;
  bool done = false;
  std::optional<PortError> error;
  QueueDepth depth;
};

ConnectionSettings settings_of(const RabbitOptions& options, const std::string& role) {
  auto url = parse_amqp_url(options.url);
  if (!url) throw std::invalid_argument(url.error());
  return ConnectionSettings{std::move(*url), options.heartbeat, options.rpc_timeout,
                            options.name_space + " " + role};
}

/// A step's message waits for a call to another server. None is fetched that nobody can handle
/// yet: it would wait here while another process has nothing to do. The rest is handled in bulk.
bool reads_ahead(const QueueName& queue) {
  return queue == queues::orders || queue == queues::refunds || queue == queues::parked ||
         queue == queues::answers;
}

std::size_t total_bytes(const std::vector<OutgoingMessage>& messages) {
  std::size_t bytes = 0;
  for (const auto& message : messages) bytes += message.body.size();
  return bytes;
}

}  // namespace

/// All that the loop's thread keeps. Shared with the handlers that the adapter threads post, so
/// that those may outlive the bus.
struct RabbitMessageBus::Loop {
  Loop(asio::any_io_executor on, const RabbitOptions& options)
      : executor(std::move(on)), topology(options) {}

  struct Opened {
    std::uint64_t call;
    std::shared_ptr<Ticket> ticket;
  };
  Opened open_ticket();
  void close_ticket(std::uint64_t call, std::optional<PortError> error, QueueDepth depth);
  void fail_all_tickets();
  std::shared_ptr<Inbox> inbox(const QueueName& queue);
  void give_back_prefetched(const QueueName& queue, Inbox& box);
  void on_outcomes(std::vector<PublisherOutcome> outcomes);
  void on_events(std::vector<ConsumerEvent> events);
  /// Waits for a ticket; true when it was answered in time.
  static asio::awaitable<bool> wait(std::shared_ptr<Loop> self, std::uint64_t call,
                                    std::shared_ptr<Ticket> ticket, Milliseconds deadline);

  const asio::any_io_executor executor;
  const Topology topology;
  Publisher* publisher = nullptr;  // HELD NOT OWNED; null once stopped
  Consumer* consumer = nullptr;    // HELD NOT OWNED; null until started and once stopped
  bool stopped = false;
  std::uint64_t last_call = 0;
  std::unordered_map<std::uint64_t, std::shared_ptr<Ticket>> tickets;
  std::unordered_map<QueueName, std::shared_ptr<Inbox>> inboxes;
  std::size_t outstanding_messages = 0;
  std::size_t outstanding_bytes = 0;
};

RabbitMessageBus::Loop::Opened RabbitMessageBus::Loop::open_ticket() {
  Opened opened{++last_call, std::make_shared<Ticket>(executor)};
  tickets.emplace(opened.call, opened.ticket);
  return opened;
}

void RabbitMessageBus::Loop::close_ticket(std::uint64_t call, std::optional<PortError> error,
                                          QueueDepth depth) {
  const auto found = tickets.find(call);
  if (found == tickets.end()) return;  // its deadline has passed
  const auto ticket = std::move(found->second);
  tickets.erase(found);
  ticket->done = true;
  ticket->error = std::move(error);
  ticket->depth = depth;
  ticket->timer.cancel();
}

void RabbitMessageBus::Loop::fail_all_tickets() {
  for (auto& [call, ticket] : std::exchange(tickets, {})) {
    ticket->done = true;
    ticket->error = unavailable("stopped");
    ticket->error->effect = Effect::unknown;
    ticket->timer.cancel();
  }
}

std::shared_ptr<Inbox> RabbitMessageBus::Loop::inbox(const QueueName& queue) {
  auto& found = inboxes[queue];
  if (!found) found = std::make_shared<Inbox>();
  return found;
}

void RabbitMessageBus::Loop::give_back_prefetched(const QueueName& queue, Inbox& box) {
  auto tags = box.take_returnable(topology.delivery_limit(queue));
  if (!tags.empty() && consumer != nullptr) consumer->give_back(queue, std::move(tags));
}

void RabbitMessageBus::Loop::on_outcomes(std::vector<PublisherOutcome> outcomes) {
  for (auto& outcome : outcomes) {
    close_ticket(outcome.call, std::move(outcome.error), outcome.depth);
  }
}

void RabbitMessageBus::Loop::on_events(std::vector<ConsumerEvent> events) {
  if (stopped) return;
  std::set<QueueName> touched;
  for (auto& event : events) {
    if (auto* delivered = std::get_if<Delivered>(&event)) {
      inbox(delivered->queue)->add(std::move(delivered->message));
      touched.insert(delivered->queue);
    } else if (const auto* ended = std::get_if<EpochEnded>(&event)) {
      inbox(ended->queue)->end_epoch(ended->epoch);
    } else {
      auto& answer = std::get<ConsumerAnswer>(event);
      close_ticket(answer.call, std::move(answer.error), answer.depth);
    }
  }
  for (const auto& queue : touched) {
    const auto box = inbox(queue);
    // Was on its way when the consumer was cancelled.
    if (box->paused()) give_back_prefetched(queue, *box);
    box->wake();
  }
}

asio::awaitable<bool> RabbitMessageBus::Loop::wait(std::shared_ptr<Loop> self, std::uint64_t call,
                                                   std::shared_ptr<Ticket> ticket,
                                                   Milliseconds deadline) {
  ticket->timer.expires_after(deadline);
  boost::system::error_code cancelled;
  co_await ticket->timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  if (!ticket->done) self->tickets.erase(call);
  co_return ticket->done;
}

RabbitMessageBus::RabbitMessageBus(asio::any_io_executor executor, RabbitOptions options)
    : options_(std::move(options)),
      loop_(std::make_shared<Loop>(std::move(executor), options_)),
      publisher_(std::make_unique<Publisher>(
          settings_of(options_, "publisher"), options_,
          [loop = loop_](std::vector<PublisherOutcome> outcomes) {
            asio::post(loop->executor, [loop, outcomes = std::move(outcomes)]() mutable {
              loop->on_outcomes(std::move(outcomes));
            });
          })) {
  loop_->publisher = publisher_.get();
}

RabbitMessageBus::~RabbitMessageBus() {
  stop();
}

void RabbitMessageBus::start() {
  publisher_->start();
}

Consumer& RabbitMessageBus::consumer() {
  if (!consumer_) {
    consumer_ = std::make_unique<Consumer>(
        settings_of(options_, "consumer"), options_,
        [loop = loop_](std::vector<ConsumerEvent> events) {
          asio::post(loop->executor, [loop, events = std::move(events)]() mutable {
            loop->on_events(std::move(events));
          });
        });
    loop_->consumer = consumer_.get();
    consumer_->start();
  }
  return *consumer_;
}

void RabbitMessageBus::stop() {
  if (std::exchange(loop_->stopped, true)) return;
  loop_->publisher = nullptr;
  loop_->consumer = nullptr;
  for (auto& [queue, box] : loop_->inboxes) box->stop();
  publisher_->begin_stop();
  if (consumer_) consumer_->stop();
  publisher_->stop();
  // Behind the last outcomes that the threads have posted.
  asio::post(loop_->executor, [loop = loop_] { loop->fail_all_tickets(); });
}

asio::awaitable<PortResult<void>> RabbitMessageBus::publish(std::vector<OutgoingMessage> messages) {
  if (messages.empty()) co_return PortResult<void>{};
  const auto loop = loop_;
  if (loop->stopped) co_return tl::unexpected(unavailable("stopped"));
  if (!publisher_->status().is_up()) {
    co_return tl::unexpected(unavailable(publisher_->status().error()));
  }
  const std::size_t count = messages.size();
  const std::size_t bytes = total_bytes(messages);
  if (loop->outstanding_messages + count > limits::kMaxOutstandingMessages ||
      loop->outstanding_bytes + bytes > limits::kMaxOutstandingBytes) {
    co_return tl::unexpected(unavailable("too many messages wait for their confirmation"));
  }
  loop->outstanding_messages += count;
  loop->outstanding_bytes += bytes;
  const Milliseconds deadline = options_.publish_deadline;
  const auto opened = loop->open_ticket();
  publisher_->publish(opened.call, std::move(messages));
  // From here on the bus may be gone when we are resumed; only `loop` and the ticket are sure.
  const bool answered = co_await Loop::wait(loop, opened.call, opened.ticket, deadline);
  loop->outstanding_messages -= count;
  loop->outstanding_bytes -= bytes;
  if (!answered) {
    if (loop->publisher != nullptr) loop->publisher->abandon(opened.call);
    co_return tl::unexpected(PortError{PortErrorKind::timed_out, Effect::unknown,
                                       "RabbitMQ: not confirmed within the deadline"});
  }
  if (opened.ticket->error) co_return tl::unexpected(*opened.ticket->error);
  co_return PortResult<void>{};
}

asio::awaitable<std::vector<Delivery>> RabbitMessageBus::receive(QueueName queue,
                                                                 BatchLimits limits) {
  if (loop_->stopped) co_return std::vector<Delivery>{};
  auto box = loop_->inbox(queue);
  // More than the broker sends at once would only be waited for in vain.
  const auto most = std::clamp<std::size_t>(options_.prefetch, 1, limits::kMaxPrefetch);
  limits.max_messages = std::clamp<std::size_t>(limits.max_messages, 1, most);
  const auto prefetch =
      reads_ahead(queue) ? most : std::min(most, box->demand(limits.max_messages));
  if (box->raise_prefetch(prefetch)) consumer().subscribe(queue, prefetch);
  auto executor = loop_->executor;
  co_return co_await Inbox::receive(std::move(box), std::move(executor), limits);
}

asio::awaitable<PortResult<void>> RabbitMessageBus::ack(QueueName queue,
                                                        std::vector<std::uint64_t> tags) {
  if (loop_->consumer != nullptr && !tags.empty()) {
    loop_->inbox(queue)->acknowledged(tags);
    loop_->consumer->acknowledge(std::move(queue), std::move(tags));
  }
  co_return PortResult<void>{};
}

asio::awaitable<PortResult<void>> RabbitMessageBus::pause(QueueName queue) {
  return change_flow(std::move(queue), true);
}

asio::awaitable<PortResult<void>> RabbitMessageBus::resume(QueueName queue) {
  return change_flow(std::move(queue), false);
}

asio::awaitable<PortResult<void>> RabbitMessageBus::change_flow(QueueName queue, bool paused) {
  const auto loop = loop_;
  if (loop->stopped) co_return tl::unexpected(unavailable("stopped"));
  const auto box = loop->inbox(queue);
  box->set_paused(paused);
  const auto opened = loop->open_ticket();
  if (paused) {
    consumer().pause(opened.call, queue);
    // After the command to cancel: returned before it, they would come straight back.
    loop->give_back_prefetched(queue, *box);
  } else {
    consumer().resume(opened.call, queue);
  }
  const Milliseconds deadline = 2 * options_.rpc_timeout;
  if (!co_await Loop::wait(loop, opened.call, opened.ticket, deadline)) {
    co_return tl::unexpected(PortError{PortErrorKind::timed_out, Effect::unknown,
                                       "RabbitMQ: the consumer did not answer"});
  }
  if (opened.ticket->error) co_return tl::unexpected(*opened.ticket->error);
  co_return PortResult<void>{};
}

asio::awaitable<PortResult<QueueDepth>> RabbitMessageBus::depth(QueueName queue) {
  const auto loop = loop_;
  if (loop->stopped) co_return tl::unexpected(unavailable("stopped"));
  const auto opened = loop->open_ticket();
  // A memory alarm stops the publishing connection, so the other one is the better to ask.
  if (consumer_ && consumer_->status().is_up()) {
    consumer_->depth(opened.call, std::move(queue));
  } else {
    publisher_->depth(opened.call, std::move(queue));
  }
  const Milliseconds deadline = 2 * options_.rpc_timeout;
  if (!co_await Loop::wait(loop, opened.call, opened.ticket, deadline)) {
    co_return tl::unexpected(PortError{PortErrorKind::timed_out, Effect::none,
                                       "RabbitMQ: no answer about the depth of a queue"});
  }
  if (opened.ticket->error) co_return tl::unexpected(*opened.ticket->error);
  co_return opened.ticket->depth;
}

bool RabbitMessageBus::connected() const {
  return publisher_->status().is_up();
}

std::string RabbitMessageBus::last_error() const {
  std::string error = publisher_->status().error();
  if (error.empty() && consumer_) error = consumer_->status().error();
  return error;
}

}  // namespace holdfast::rabbitmq
