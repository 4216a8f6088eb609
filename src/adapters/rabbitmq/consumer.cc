#include "adapters/rabbitmq/consumer.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "adapters/rabbitmq/limits.h"
#include "domain/assert.h"

namespace holdfast::rabbitmq {
namespace {

constexpr amqp_channel_t kControlChannel = 1;
constexpr amqp_channel_t kFirstQueueChannel = 2;

}  // namespace

struct Consumer::Session {
  Session(const ConnectionSettings& settings, SocketInterrupt& interrupt, const Topology& topology)
      : connection(settings, interrupt), declarer(connection, kControlChannel, topology) {}

  Connection connection;
  Declarer declarer;
};

Consumer::Consumer(ConnectionSettings settings, const RabbitOptions& options, Sink sink)
    : settings_(std::move(settings)), topology_(options), sink_(std::move(sink)) {
  status_.down("not started");
}

Consumer::~Consumer() {
  stop();
}

void Consumer::start() {
  HF_ASSERT(!thread_.joinable());
  status_.down("connecting");
  thread_ = std::thread([this] {
    run();
    finished_.set_value();
  });
}

void Consumer::begin_stop() {
  if (stopping_.exchange(true)) return;
  give_up_at_ = std::chrono::steady_clock::now() + limits::kStopGrace;
  mailbox_.nudge();
  // Still connecting, so there is nothing to end in good order.
  if (!status_.is_up()) interrupt_.cut();
}

void Consumer::stop() {
  if (!thread_.joinable()) return;
  begin_stop();
  if (finished_.get_future().wait_until(give_up_at_) == std::future_status::timeout) {
    interrupt_.cut();
  }
  thread_.join();
}

void Consumer::subscribe(QueueName queue, std::size_t prefetch) {
  const auto bounded = std::clamp<std::size_t>(prefetch, 1, limits::kMaxPrefetch);
  mailbox_.push(Subscribe{std::move(queue), static_cast<std::uint16_t>(bounded)});
}

void Consumer::pause(std::uint64_t call, QueueName queue) {
  mailbox_.push(Flow{call, std::move(queue), true});
}

void Consumer::resume(std::uint64_t call, QueueName queue) {
  mailbox_.push(Flow{call, std::move(queue), false});
}

void Consumer::acknowledge(QueueName queue, std::vector<std::uint64_t> tags) {
  mailbox_.push(Tags{std::move(queue), std::move(tags), false});
}

void Consumer::give_back(QueueName queue, std::vector<std::uint64_t> tags) {
  mailbox_.push(Tags{std::move(queue), std::move(tags), true});
}

void Consumer::depth(std::uint64_t call, QueueName queue) {
  mailbox_.push(Depth{call, std::move(queue)});
}

void Consumer::run() {
  while (!stopping_) {
    std::string why;
    try {
      run_session();
      why = "stopped";
    } catch (const std::exception& error) {
      why = error.what();
    }
    if (stopping_) {
      status_.down(why);
    } else {
      status_.lost(why);
    }
    for (auto& [queue, subscription] : subscriptions_) lose(*subscription, why, Milliseconds(0));
    flush_events();
    wait_to_reconnect(backoff_.next());
  }
}

void Consumer::run_session() {
  Session session(settings_, interrupt_, topology_);
  session.connection.open_channel(kControlChannel);
  status_.up();
  backoff_.reset();
  for (auto& [queue, subscription] : subscriptions_) subscription->retry_at = {};
  while (!stopping_) turn(session);
  close_session(session);
}

void Consumer::turn(Session& session) {
  take_commands();
  match_all(session);
  send_tags(session);
  answer_depths(session);
  // What a cancelled consumer still got reaches the loop before the answer to its `pause`.
  while (session.connection.has_buffered()) drain(session);
  for (const auto call : std::exchange(flows_done_, {})) {
    events_.emplace_back(ConsumerAnswer{call, std::nullopt, {}});
  }
  flush_events();
  // The wake-up of `stop` may have been cleared above.
  if (stopping_) return;
  session.connection.wait(mailbox_.fd(), poll_time(), false);
  drain(session);
  flush_events();
}

/// The last acknowledgements, then an orderly end, so that the broker has processed them all.
void Consumer::close_session(Session& session) {
  take_commands();
  send_tags(session);
  session.connection.close(limits::kCloseAnswer);
}

void Consumer::wait_to_reconnect(Milliseconds pause) {
  const auto until = SteadyClock::now() + pause;
  while (!stopping_) {
    take_commands();
    refuse_depths();
    // Without a connection nothing is delivered, and what was prefetched is back in its queue.
    for (const auto call : std::exchange(flows_done_, {})) {
      events_.emplace_back(ConsumerAnswer{call, std::nullopt, {}});
    }
    flush_events();
    const auto left = std::chrono::ceil<Milliseconds>(until - SteadyClock::now());
    if (left.count() <= 0 || stopping_) return;
    pollfd wake{mailbox_.fd(), POLLIN, 0};
    ::poll(&wake, 1, static_cast<int>(left.count()));
  }
}

void Consumer::take_commands() {
  for (auto& command : mailbox_.take()) {
    if (const auto* subscribe = std::get_if<Subscribe>(&command)) {
      Subscription& target = subscription(subscribe->queue);
      target.subscribed = true;
      target.prefetch = std::max(target.prefetch, subscribe->prefetch);
    } else if (const auto* flow = std::get_if<Flow>(&command)) {
      on_flow(*flow);
    } else if (const auto* tags = std::get_if<Tags>(&command)) {
      on_tags(*tags);
    } else {
      depths_.push_back(std::get<Depth>(std::move(command)));
    }
  }
}

void Consumer::on_flow(const Flow& command) {
  subscription(command.queue).paused = command.paused;
  flows_done_.push_back(command.call);
}

void Consumer::on_tags(const Tags& command) {
  Subscription& target = subscription(command.queue);
  auto& list = command.give_back ? target.to_give_back : target.to_acknowledge;
  for (const auto tag : command.tags) {
    // Of an older channel: the broker has taken the delivery back already.
    if (!target.open || DeliveryTag::epoch_of(tag) != target.epoch) continue;
    list.push_back(DeliveryTag::tag_of(tag));
  }
}

Consumer::Subscription& Consumer::subscription(const QueueName& queue) {
  auto& found = subscriptions_[queue];
  if (!found) {
    const auto number = static_cast<amqp_channel_t>(kFirstQueueChannel + subscriptions_.size() - 1);
    found = std::make_unique<Subscription>(queue, number, topology_);
    by_channel_.push_back(found.get());
  }
  return *found;
}

Consumer::Subscription* Consumer::subscription_of(amqp_channel_t channel) {
  if (channel < kFirstQueueChannel) return nullptr;
  const std::size_t place = channel - kFirstQueueChannel;
  return place < by_channel_.size() ? by_channel_[place] : nullptr;
}

/// Goes on in the next turn when it takes long: deliveries of the queues that are consumed already
/// must not wait for hundreds that are not yet.
void Consumer::match_all(Session& session) {
  const auto until = SteadyClock::now() + limits::kMatchTime;
  bool all_match = true;
  unfinished_ = false;
  for (auto& [queue, subscription] : subscriptions_) {
    if (subscription->is_matched()) continue;
    // The answer to a `pause` says that it is done.
    if (subscription->paused || SteadyClock::now() < until) {
      match(session, *subscription);
    } else {
      unfinished_ = true;
    }
    all_match = all_match && subscription->is_matched();
  }
  if (all_match && std::exchange(complained_, false)) status_.up();
}

/// Makes the channel what is wanted of it.
void Consumer::match(Session& session, Subscription& subscription) {
  const auto not_before = std::max(subscription.retry_at, subscription.blamed_until);
  if (subscription.is_wanted() && SteadyClock::now() < not_before) return;
  try {
    // A consumer keeps the prefetch that it began with: for a larger one it must begin anew.
    if (subscription.consuming) cancel(session, subscription);
    if (!subscription.is_wanted()) return;
    if (!subscription.open) open(session, subscription);
    begin_consuming(session, subscription);
    subscription.blame = Milliseconds(0);
  } catch (const ConnectionError&) {
    // RabbitMQ 3.10 closes the connection over a quorum queue that has no leader, or none yet.
    subscription.blame =
        std::clamp<Milliseconds>(2 * subscription.blame, limits::kBlameFirst, limits::kBlameMax);
    subscription.blamed_until = SteadyClock::now() + subscription.blame;
    throw;
  } catch (const ChannelError& error) {
    lose(subscription, error.what(), limits::kChannelRetry);
  } catch (const TopologyRefused& refused) {
    lose(subscription, refused.what(), limits::kRefusedRetry);
  }
}

void Consumer::cancel(Session& session, Subscription& subscription) {
  const auto channel = subscription.channel;
  amqp_basic_cancel(session.connection.raw(), channel, bytes_of(subscription.consumer_tag));
  session.connection.check_rpc(channel, "cancel");
  subscription.consuming = false;
}

void Consumer::open(Session& session, Subscription& subscription) {
  const auto channel = subscription.channel;
  const int permitted = amqp_get_channel_max(session.connection.raw());
  if (permitted > 0 && channel > permitted) {
    throw TopologyRefused("RabbitMQ permits " + std::to_string(permitted) +
                          " channels a connection, too few to consume " +
                          topology_.queue_name(subscription.queue) + ": raise its channel_max");
  }
  session.connection.open_channel(channel);
  subscription.open = true;
  subscription.epoch = ++last_epoch_;
  subscription.acks = {};
  subscription.content.start();
}

void Consumer::begin_consuming(Session& session, Subscription& subscription) {
  const auto channel = subscription.channel;
  const std::string name = topology_.queue_name(subscription.queue);
  session.declarer.ensure(topology_.queue(queues::parked));
  session.declarer.ensure(topology_.queue(subscription.queue));
  amqp_basic_qos(session.connection.raw(), channel, 0, subscription.prefetch, 0);
  session.connection.check_rpc(channel, "prefetch");
  subscription.granted = subscription.prefetch;
  // Never the same tag again: a quorum queue (RabbitMQ 3.10) delivers to a consumer that comes back
  // under its tag once more what it has not acknowledged, on the same channel.
  subscription.consumer_tag = "holdfast-" + std::to_string(++last_consumer_);
  amqp_basic_consume(session.connection.raw(), channel, bytes_of(name),
                     bytes_of(subscription.consumer_tag), 0, 0, 0, amqp_empty_table);
  session.connection.check_rpc(channel, "consume " + name);
  subscription.consuming = true;
}

/// The channel is gone: the broker puts back in the queue what was not acknowledged on it.
void Consumer::lose(Subscription& subscription, const std::string& why, Milliseconds retry) {
  if (status_.is_up()) {
    status_.complain(why);
    complained_ = true;
  }
  subscription.retry_at = SteadyClock::now() + retry;
  subscription.consuming = false;
  subscription.to_acknowledge.clear();
  subscription.to_give_back.clear();
  if (!std::exchange(subscription.open, false)) return;
  events_.emplace_back(EpochEnded{subscription.queue, subscription.epoch});
}

void Consumer::send_tags(Session& session) {
  amqp_connection_state_t raw = session.connection.raw();
  bool corked = false;
  for (auto& [queue, subscription] : subscriptions_) {
    if (subscription->to_acknowledge.empty() && subscription->to_give_back.empty()) continue;
    if (!std::exchange(corked, true)) session.connection.cork(true);
    const auto channel = subscription->channel;
    auto& acks = subscription->acks;
    for (const auto& ack : acks.acknowledge(std::exchange(subscription->to_acknowledge, {}))) {
      Connection::check(amqp_basic_ack(raw, channel, ack.tag, ack.multiple ? 1 : 0), "ack");
    }
    for (const auto tag : acks.give_back(std::exchange(subscription->to_give_back, {}))) {
      Connection::check(amqp_basic_nack(raw, channel, tag, 0, 1), "nack");
    }
  }
  if (corked) session.connection.cork(false);
}

void Consumer::answer_depths(Session& session) {
  while (!depths_.empty()) {
    const Depth request = std::move(depths_.front());
    depths_.pop_front();
    ConsumerAnswer answer{request.call, unavailable("connection lost"), {}};
    events_.emplace_back(answer);  // stands should the connection break in the next line
    const std::size_t place = events_.size() - 1;
    answer.depth = session.declarer.depth(request.queue);
    answer.error.reset();
    events_[place] = std::move(answer);
  }
}

void Consumer::refuse_depths() {
  for (const auto& request : std::exchange(depths_, {})) {
    events_.emplace_back(ConsumerAnswer{request.call, unavailable(status_.error()), {}});
  }
}

void Consumer::drain(Session& session) {
  do {
    const auto frame = session.connection.next_frame();
    if (!frame) return;
    on_frame(session, *frame);
    session.connection.release(frame->channel);
  } while (session.connection.has_buffered());
}

void Consumer::on_frame(Session& session, const amqp_frame_t& frame) {
  Subscription* subscription = subscription_of(frame.channel);
  if (subscription == nullptr) {
    if (frame.frame_type != AMQP_FRAME_METHOD) return;
    if (frame.payload.method.id == AMQP_CHANNEL_CLOSE_METHOD) {
      throw ConnectionError("the broker closed the control channel");
    }
    return;
  }
  if (frame.frame_type == AMQP_FRAME_METHOD) {
    on_method(session, *subscription, frame.payload.method);
  } else {
    on_content(*subscription, frame);
  }
}

void Consumer::on_method(Session& session, Subscription& subscription,
                         const amqp_method_t& method) {
  switch (method.id) {
    case AMQP_BASIC_DELIVER_METHOD: {
      const auto& deliver = *static_cast<amqp_basic_deliver_t*>(method.decoded);
      subscription.delivery_tag = deliver.delivery_tag;
      subscription.redelivered = deliver.redelivered != 0;
      subscription.content.start();
      return;
    }
    case AMQP_BASIC_CANCEL_METHOD: {
      // The queue was deleted, or lost its leader. Declare it anew, consume again.
      session.declarer.forget_all();
      subscription.consuming = false;
      subscription.retry_at = SteadyClock::now() + limits::kChannelRetry;
      return;
    }
    case AMQP_CHANNEL_CLOSE_METHOD: {
      const auto& close = *static_cast<amqp_channel_close_t*>(method.decoded);
      const std::string why = "the broker closed the channel of " + subscription.queue.value +
                              ": " + std::string(view(close.reply_text));
      session.connection.confirm_channel_close(subscription.channel);
      session.declarer.forget_all();
      lose(subscription, why, limits::kChannelRetry);
      return;
    }
    default: return;
  }
}

void Consumer::on_content(Subscription& subscription, const amqp_frame_t& frame) {
  auto whole = subscription.content.feed(frame);
  if (!whole) return;
  subscription.acks.delivered(subscription.delivery_tag);
  whole->delivery.tag = DeliveryTag::join(subscription.epoch, subscription.delivery_tag);
  whole->delivery.redelivered = subscription.redelivered || whole->delivery_count > 0;
  events_.emplace_back(Delivered{subscription.queue, std::move(*whole)});
}

void Consumer::flush_events() {
  if (!events_.empty()) sink_(std::exchange(events_, {}));
}

Milliseconds Consumer::poll_time() const {
  if (unfinished_) return Milliseconds(0);
  auto time = std::min<Milliseconds>(limits::kMaxPoll, settings_.heartbeat / 4);
  for (const auto& [queue, subscription] : subscriptions_) {
    if (!subscription->is_matched()) time = limits::kChannelRetry;
  }
  return std::clamp<Milliseconds>(time, Milliseconds(50), limits::kMaxPoll);
}

}  // namespace holdfast::rabbitmq
