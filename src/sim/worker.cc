#include "sim/worker.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <optional>
#include <utility>
#include <vector>

namespace holdfast::sim {
namespace {

namespace json = boost::json;

constexpr Milliseconds kVeryLate{300'000};

/// As docs/asyncapi.yaml has it.
std::string answer_body(const std::string& work, const std::string& key, const StepAnswer& answer) {
  const auto asked = json::parse(work).as_object();
  json::object body{{"order_id", asked.at("order_id")},
                    {"step", asked.at("step")},
                    {"direction", asked.at("direction")},
                    {"idempotency_key", key}};
  body["outcome"] = answer.kind == StepAnswerKind::done ? "succeeded" : "failed";
  if (answer.reference) body["reference"] = *answer.reference;
  if (answer.payment_declined) body["payment_declined"] = true;
  return json::serialize(body);
}

}  // namespace

Worker::Worker(Network& network, Storage& storage, Provider& provider, const StepName& step)
    : network_(network), storage_(storage), provider_(provider), queue_(queues::work(step)) {
  connect();
}

Worker::~Worker() {
  bus_->stop();
}

void Worker::connect() {
  if (bus_) bus_->stop();
  Links links;
  storage_.reconnect_bus(links);
  bus_ = std::move(links.bus);
}

void Worker::start() {
  boost::asio::co_spawn(network_.servers.executor(), run(), boost::asio::detached);
}

boost::asio::awaitable<void> Worker::run() {
  constexpr Milliseconds kAgain{200};
  const BatchLimits limits{4, Milliseconds{0}};
  for (;;) {
    const auto bus = bus_;
    auto deliveries = co_await bus->receive(queue_, limits);
    if (deliveries.empty()) co_await clock_.sleep(kAgain);
    for (auto& delivery : deliveries) {
      if (bus == bus_) co_await handle(std::move(delivery));
    }
  }
}

boost::asio::awaitable<void> Worker::handle(Delivery delivery) {
  const auto now = network_.scheduler.now();
  const auto key = delivery.headers["idempotency-key"];
  const auto answer = provider_.take(key, delivery.body, now);
  const auto fault =
      network_.faults.of_message("worker/" + queue_.value,
                                 {MessageFault::lose_answer, MessageFault::late_answer,
                                  MessageFault::duplicate, MessageFault::worker_dies},
                                 now);
  if (fault == MessageFault::worker_dies) {
    connect();
    co_return;
  }
  const bool answers = fault != MessageFault::lose_answer && answer.kind != StepAnswerKind::unknown;
  if (answers) co_await send(answer_body(delivery.body, key, answer), fault);
  std::vector<std::uint64_t> tags{delivery.tag};
  static_cast<void>(co_await bus_->ack(queue_, std::move(tags)));
}

boost::asio::awaitable<void> Worker::send(std::string answer, MessageFault fault) {
  OutgoingMessage message;
  message.queue = queues::answers;
  message.body = std::move(answer);
  if (fault == MessageFault::late_answer) {
    message.delay = Milliseconds{network_.random.between(1, kVeryLate.count())};
    network_.last_arrival =
        std::max(network_.last_arrival, network_.scheduler.now() + *message.delay);
  }
  std::vector<OutgoingMessage> messages{message};
  if (fault == MessageFault::duplicate) messages.push_back(std::move(message));
  static_cast<void>(co_await bus_->publish(std::move(messages)));
}

}  // namespace holdfast::sim
