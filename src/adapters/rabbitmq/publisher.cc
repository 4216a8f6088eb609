#include "adapters/rabbitmq/publisher.h"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "adapters/rabbitmq/limits.h"
#include "domain/assert.h"

namespace holdfast::rabbitmq {
namespace {

constexpr amqp_channel_t kPublishChannel = 1;
constexpr amqp_channel_t kTopologyChannel = 2;

Milliseconds poll_time(Milliseconds heartbeat) {
  return std::min<Milliseconds>(limits::kMaxPoll,
                                std::max<Milliseconds>(heartbeat / 4, Milliseconds(50)));
}

/// A message returned and one sent, which go to the same queue. The id that was sent is not the
/// message's own where there is an idempotency key.
bool is_same(const OutgoingMessage& sent, const Delivery& returned) {
  const auto key = sent.headers.find(kIdempotencyKeyHeader);
  if (key == sent.headers.end()) return sent.id == returned.id;
  const auto came_back = returned.headers.find(kIdempotencyKeyHeader);
  return came_back != returned.headers.end() && came_back->second == key->second;
}

PortError not_connected(const std::string& why) {
  return PortError{PortErrorKind::unavailable, Effect::none, "RabbitMQ: " + why};
}

}  // namespace

struct Publisher::Session {
  Session(const ConnectionSettings& settings, SocketInterrupt& interrupt, const Topology& topology)
      : connection(settings, interrupt),
        declarer(connection, kTopologyChannel, topology),
        returned(topology) {}

  Connection connection;
  Declarer declarer;
  PropertiesEncoder encoder;
  ContentAssembler returned;
  std::string returned_key;
  std::size_t bytes_since_check = 0;
  bool want_write = false;
};

Publisher::Publisher(ConnectionSettings settings, const RabbitOptions& options, Sink sink)
    : settings_(std::move(settings)),
      confirm_window_(std::max<std::size_t>(1, options.confirm_window)),
      topology_(options),
      events_exchange_(topology_.events_exchange()),
      sink_(std::move(sink)) {
  status_.down("not started");
}

Publisher::~Publisher() {
  stop();
}

void Publisher::start() {
  HF_ASSERT(!thread_.joinable());
  status_.down("connecting");
  thread_ = std::thread([this] {
    run();
    finished_.set_value();
  });
}

void Publisher::begin_stop() {
  if (stopping_.exchange(true)) return;
  give_up_at_ = std::chrono::steady_clock::now() + limits::kStopGrace;
  mailbox_.nudge();
  // Still connecting, so there is nothing to end in good order.
  if (!status_.is_up()) interrupt_.cut();
}

void Publisher::stop() {
  if (!thread_.joinable()) return;
  begin_stop();
  if (finished_.get_future().wait_until(give_up_at_) == std::future_status::timeout) {
    interrupt_.cut();
  }
  thread_.join();
}

void Publisher::publish(std::uint64_t call, std::vector<OutgoingMessage> messages) {
  auto state = std::make_shared<Call>();
  state->id = call;
  state->open = messages.size();
  state->messages = std::move(messages);
  mailbox_.push(Publish{std::move(state)});
}

void Publisher::abandon(std::uint64_t call) {
  mailbox_.push(Abandon{call});
}

void Publisher::depth(std::uint64_t call, QueueName queue) {
  mailbox_.push(Depth{call, std::move(queue)});
}

void Publisher::run() {
  while (!stopping_) {
    Milliseconds pause{0};
    try {
      run_session();
      status_.down("stopped");
    } catch (const TopologyRefused& refused) {
      status_.lost(refused.what());
      pause = limits::kRefusedRetry;
    } catch (const std::exception& error) {
      status_.lost(error.what());
      pause = backoff_.next();
    }
    reclaim_sent();
    wait_to_reconnect(pause);
  }
  fail_everything();
}

void Publisher::run_session() {
  Session session(settings_, interrupt_, topology_);
  session.connection.open_channel(kTopologyChannel);
  const auto complaint = session.declarer.declare_all();
  session.connection.open_channel(kPublishChannel);
  amqp_confirm_select(session.connection.raw(), kPublishChannel);
  session.connection.check_rpc(kPublishChannel, "confirm.select");
  status_.up();
  if (complaint) status_.complain(*complaint);
  backoff_.reset();
  const auto poll = poll_time(settings_.heartbeat);
  while (!stopping_) {
    take_commands();
    answer_depths(session);
    send_pending(session);
    flush_outcomes();
    if (stopping_) break;  // its wake-up may have been cleared above
    session.connection.wait(mailbox_.fd(), poll, session.want_write);
    drain(session);
    note_blocked(session);
  }
  session.connection.close(limits::kCloseAnswer);
}

void Publisher::wait_to_reconnect(Milliseconds pause) {
  const auto until = std::chrono::steady_clock::now() + pause;
  while (!stopping_) {
    const auto left = std::chrono::ceil<Milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    pollfd wake{mailbox_.fd(), POLLIN, 0};
    ::poll(&wake, 1, static_cast<int>(left.count()));
    take_commands();
    refuse_depths();
    flush_outcomes();
  }
}

void Publisher::take_commands() {
  for (auto& command : mailbox_.take()) {
    if (const auto* publish = std::get_if<Publish>(&command)) {
      on_publish(*publish);
    } else if (const auto* abandon = std::get_if<Abandon>(&command)) {
      on_abandon(*abandon);
    } else {
      depths_.push_back(std::get<Depth>(std::move(command)));
    }
  }
}

void Publisher::on_publish(const Publish& command) {
  HF_ASSERT(command.call->open > 0);
  calls_.emplace(command.call->id, command.call);
  for (std::uint32_t i = 0; i < command.call->messages.size(); ++i) {
    pending_.push_back(Item{command.call, i});
  }
}

void Publisher::on_abandon(const Abandon& command) {
  const auto found = calls_.find(command.call);
  if (found == calls_.end()) return;
  found->second->abandoned = true;
  calls_.erase(found);
  std::erase_if(pending_, [](const Item& item) { return item.call->abandoned; });
}

void Publisher::answer_depths(Session& session) {
  while (!depths_.empty()) {
    const auto& blocked = session.connection.blocked();
    if (blocked) return refuse_depths();
    const Depth request = std::move(depths_.front());
    depths_.pop_front();
    // Answered as failed should the connection break in the next line.
    outcomes_.push_back({request.call, not_connected("connection lost"), {}});
    outcomes_.back().depth = session.declarer.depth(request.queue);
    outcomes_.back().error.reset();
  }
}

void Publisher::refuse_depths() {
  for (const auto& request : std::exchange(depths_, {})) {
    outcomes_.push_back({request.call, not_connected(status_.error()), {}});
  }
}

const OutgoingMessage& Publisher::message_of(const Item& item) {
  return item.call->messages[item.index];
}

std::string Publisher::routing_key_of(const OutgoingMessage& message) const {
  if (message.topic) return *message.topic;
  return message.delay ? topology_.wait_queue_name(message.queue, *message.delay)
                       : topology_.queue_name(message.queue);
}

void Publisher::send_pending(Session& session) {
  session.want_write = false;
  if (pending_.empty() || session.connection.blocked()) return;
  refuse_stuck_window();
  session.connection.cork(true);
  while (!pending_.empty() && window_.span() < confirm_window_ &&
         unconfirmed_bytes_ < limits::kMaxUnconfirmedBytes) {
    if (session.bytes_since_check >= limits::kBytesPerWritableCheck) {
      if (!session.connection.writable()) {
        session.want_write = true;
        break;
      }
      session.bytes_since_check = 0;
    }
    std::string routing_key;
    // Stays pending until it is prepared: a connection lost meanwhile must not lose the message.
    if (!prepare(session, pending_.front(), routing_key)) {
      pending_.pop_front();
      continue;
    }
    Item item = std::move(pending_.front());
    pending_.pop_front();
    send(session, std::move(item), routing_key);
  }
  session.connection.cork(false);
}

/// A queue without a leader confirms nothing. What is given up would stay in the window for as long
/// as the connection lives, and in the end hold up the messages for all other queues.
void Publisher::refuse_stuck_window() {
  if (window_.span() < confirm_window_ && unconfirmed_bytes_ < limits::kMaxUnconfirmedBytes) return;
  const Item* oldest = window_.find([](const Item&) { return true; });
  if (oldest == nullptr || !oldest->call->abandoned) return;
  throw ConnectionError("no confirmation of a message for " + routing_key_of(message_of(*oldest)) +
                        " within its deadline");
}

/// Makes sure that the queue exists. False when the message was answered with an error instead.
bool Publisher::prepare(Session& session, const Item& item, std::string& routing_key) {
  const OutgoingMessage& message = message_of(item);
  routing_key = routing_key_of(message);
  if (const auto why = why_unsendable(message, routing_key)) {
    finish(item, PortError{PortErrorKind::rejected, Effect::none, *why});
    return false;
  }
  if (message.topic || session.declarer.has(routing_key)) return true;
  // Under the cork a declaration would lie here for 200 ms before the broker saw it.
  session.connection.cork(false);
  try {
    session.declarer.ensure(topology_.queue(message.queue));
    if (message.delay) {
      session.declarer.ensure(topology_.wait_queue(message.queue, *message.delay));
    }
    session.connection.cork(true);
  } catch (const TopologyRefused& refused) {
    const Effect effect = item.sent_before ? Effect::unknown : Effect::none;
    session.connection.cork(true);
    status_.complain(refused.what());
    finish(item, PortError{PortErrorKind::rejected, effect, refused.what()});
    return false;
  }
  return true;
}

void Publisher::send(Session& session, Item item, const std::string& routing_key) {
  const OutgoingMessage& message = message_of(item);
  const auto& properties = session.encoder.encode(message);
  const std::size_t bytes = message.body.size();
  unconfirmed_bytes_ += bytes;
  session.bytes_since_check += bytes + 256;
  item.call->any_sent = true;
  window_.sent(std::move(item));  // before the write: a write that fails may have had effect
  const amqp_bytes_t exchange = message.topic ? bytes_of(events_exchange_) : amqp_empty_bytes;
  const amqp_boolean_t mandatory = message.topic && !message.needs_listener ? 0 : 1;
  const int status =
      amqp_basic_publish(session.connection.raw(), kPublishChannel, exchange, bytes_of(routing_key),
                         mandatory, 0, &properties, bytes_of(message.body));
  Connection::check(status, "publish");
}

void Publisher::drain(Session& session) {
  do {
    const auto frame = session.connection.next_frame();
    if (!frame) return;
    if (frame->channel == kPublishChannel) {
      if (frame->frame_type == AMQP_FRAME_METHOD) {
        on_method(session, frame->payload.method);
      } else if (const auto whole = session.returned.feed(*frame)) {
        on_returned(session.returned_key, *whole);
      }
    } else if (frame->frame_type == AMQP_FRAME_METHOD &&
               frame->payload.method.id == AMQP_CHANNEL_CLOSE_METHOD) {
      throw ConnectionError("the broker closed the control channel");
    }
    session.connection.release(frame->channel);
  } while (session.connection.has_buffered());
}

void Publisher::on_method(Session& session, const amqp_method_t& method) {
  switch (method.id) {
    case AMQP_BASIC_ACK_METHOD: {
      const auto& ack = *static_cast<amqp_basic_ack_t*>(method.decoded);
      settle(session, ack.delivery_tag, ack.multiple != 0, true);
      return;
    }
    case AMQP_BASIC_NACK_METHOD: {
      const auto& nack = *static_cast<amqp_basic_nack_t*>(method.decoded);
      settle(session, nack.delivery_tag, nack.multiple != 0, false);
      return;
    }
    case AMQP_BASIC_RETURN_METHOD: {
      const auto& returned = *static_cast<amqp_basic_return_t*>(method.decoded);
      session.returned_key = std::string(view(returned.routing_key));
      session.returned.start();
      return;
    }
    case AMQP_CHANNEL_CLOSE_METHOD: {
      const auto& close = *static_cast<amqp_channel_close_t*>(method.decoded);
      throw ConnectionError("the broker closed the channel: " +
                            std::string(view(close.reply_text)));
    }
    default: return;
  }
}

/// The broker returns an unroutable message before it confirms it, and does not say its number.
void Publisher::on_returned(const std::string& routing_key, const Incoming& message) {
  Item* item = window_.find([&](const Item& candidate) {
    const OutgoingMessage& sent = message_of(candidate);
    return !candidate.returned && (!sent.topic || sent.needs_listener) &&
           is_same(sent, message.delivery) && routing_key_of(sent) == routing_key;
  });
  if (item != nullptr) item->returned = true;
}

void Publisher::settle(Session& session, std::uint64_t tag, bool multiple, bool accepted) {
  for (auto& item : window_.settle(tag, multiple)) {
    unconfirmed_bytes_ -= message_of(item).body.size();
    if (item.returned && message_of(item).topic) {
      finish(item, PortError{PortErrorKind::rejected, Effect::none,
                             "nobody listens to " + *message_of(item).topic});
      continue;
    }
    if (item.returned && !item.retried) {
      // Somebody deleted the queue. Declare it anew and send the message once more.
      session.declarer.forget_all();
      item.returned = false;
      item.retried = true;
      if (!item.call->abandoned) pending_.push_back(std::move(item));
      continue;
    }
    const Effect effect = item.sent_before ? Effect::unknown : Effect::none;
    if (item.returned) {
      finish(item, PortError{PortErrorKind::rejected, effect,
                             "RabbitMQ has no queue " + routing_key_of(message_of(item)) +
                                 " although it was declared again; see who deletes it"});
    } else if (!accepted) {
      // Of several queues that listen to an event, others may have taken it.
      const Effect refused = message_of(item).topic ? Effect::unknown : effect;
      finish(item, PortError{PortErrorKind::rejected, refused, why_refused(message_of(item))});
    } else {
      item.call->any_confirmed = true;
      finish(item, std::nullopt);
    }
  }
}

void Publisher::finish(const Item& item, std::optional<PortError> error) {
  Call& call = *item.call;
  if (error && (!call.error || call.error->effect == Effect::none)) call.error = std::move(error);
  if (--call.open > 0 || call.abandoned) return;
  PublisherOutcome outcome;
  outcome.call = call.id;
  outcome.error = std::move(call.error);
  if (outcome.error && call.any_confirmed) outcome.error->effect = Effect::unknown;
  outcomes_.push_back(std::move(outcome));
  calls_.erase(outcomes_.back().call);
}

std::string Publisher::why_refused(const OutgoingMessage& message) const {
  if (!message.topic) {
    return "RabbitMQ refused a message for " + routing_key_of(message) +
           ": the queue is full, or not ready";
  }
  return "RabbitMQ refused the event " + *message.topic + ": a queue that is bound to " +
         events_exchange_ + " is full and refuses more";
}

/// After a lost connection: whatever was sent and not confirmed goes first when it is back.
void Publisher::reclaim_sent() {
  auto sent = window_.reset();
  unconfirmed_bytes_ = 0;
  std::erase_if(sent, [](const Item& item) { return item.call->abandoned; });
  for (auto& item : sent) {
    item.sent_before = true;
    item.returned = false;
  }
  pending_.insert(pending_.begin(), std::make_move_iterator(sent.begin()),
                  std::make_move_iterator(sent.end()));
  flush_outcomes();
}

void Publisher::fail_everything() {
  take_commands();
  refuse_depths();
  pending_.clear();
  for (auto& [id, call] : calls_) {
    PortError error = not_connected("stopped before the messages were confirmed");
    if (call->any_sent) error.effect = Effect::unknown;
    outcomes_.push_back({id, std::move(error), {}});
  }
  calls_.clear();
  flush_outcomes();
}

void Publisher::flush_outcomes() {
  if (!outcomes_.empty()) sink_(std::exchange(outcomes_, {}));
}

/// While an alarm blocks this connection, new calls fail at once instead of waiting in vain.
void Publisher::note_blocked(Session& session) {
  const auto& blocked = session.connection.blocked();
  if (blocked && status_.is_up()) {
    status_.down("RabbitMQ takes no messages (" + *blocked +
                 "); free memory or disk on its machine");
  } else if (!blocked && !status_.is_up()) {
    status_.up();
  }
}

}  // namespace holdfast::rabbitmq
