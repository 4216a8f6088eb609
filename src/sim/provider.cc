#include "sim/provider.h"

#include <boost/json/parse.hpp>
#include <optional>
#include <utility>

namespace holdfast::sim {
namespace {

namespace json = boost::json;

StepAnswer answer(StepAnswerKind kind, std::string detail) {
  StepAnswer made;
  made.kind = kind;
  made.detail = std::move(detail);
  return made;
}

std::string body_text(const json::object& body, const char* name) {
  const auto* value = body.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

/// Of a reverse: the caller does not know whether its forward took place.
bool is_marked_unknown(const json::object& body) {
  const auto* value = body.if_contains("forward_unknown");
  return value != nullptr && value->is_bool() && value->get_bool();
}

}  // namespace

bool Provider::refuse_from_now_on(const std::string& reverse_key) {
  const auto forward = reverse_key.substr(0, reverse_key.find("/reverse/")) + "/forward";
  const auto known = answered_.find(forward);
  if (known != answered_.end()) return known->second.kind != StepAnswerKind::done;
  answered_.emplace(forward, answer(StepAnswerKind::failed, "409: undone before"));
  return true;
}

StepAnswer Provider::take(const std::string& key, const std::string& body, Instant now) {
  const auto parsed = json::parse(body).as_object();
  const int call = ++calls_[key];
  if (const auto known = answered_.find(key); known != answered_.end()) return known->second;
  Random random(Random(seed_ ^ hash_of(key)).next());
  const bool is_reverse = key.find("/reverse/") != std::string::npos;
  const bool refuses = !is_reverse && random.chance(0.15);
  const bool out_of_order = random.chance(0.2);
  const auto good_from = random.between(1, 4);
  if (troubled_ && out_of_order && call < good_from) {
    return answer(StepAnswerKind::unknown, "503: try again");
  }
  const bool refuses_at_first = is_reverse && random.chance(0.15);
  if (troubled_ && refuses_at_first && call <= random.between(1, 2)) {
    return answer(StepAnswerKind::failed, "409: not now");
  }
  if (refuses) {
    auto refusal = answer(StepAnswerKind::failed, "402: declined");
    refusal.payment_declined = true;
    return answered_.emplace(key, std::move(refusal)).first->second;
  }
  Record record;
  record.key = key;
  record.order_id = body_text(parsed, "order_id");
  record.step = body_text(parsed, "step");
  record.reverse = is_reverse;
  record.amount = parsed.at("amount").as_int64();
  record.at = now;
  const bool undoes_nothing = is_reverse && is_marked_unknown(parsed) && refuse_from_now_on(key);
  if (undoes_nothing) record.amount = 0;
  records_.push_back(record);
  auto done = answer(StepAnswerKind::done, "200");
  done.reference = "ref-" + std::to_string(records_.size());
  if (undoes_nothing) done.amount = 0;
  return answered_.emplace(key, std::move(done)).first->second;
}

boost::asio::awaitable<StepAnswer> WiredGateway::call(StepCall call) {
  return call_from(HF_SITE("gateway.call"), std::move(call));
}

boost::asio::awaitable<StepAnswer> WiredGateway::call_from(Site site, StepCall call) {
  auto carry_out = [&provider = provider_, &network = wire_.network(),
                    call = std::move(call)]() -> boost::asio::awaitable<PortResult<StepAnswer>> {
    return [](Provider& to, StepCall with,
              Instant now) -> boost::asio::awaitable<PortResult<StepAnswer>> {
      co_return to.take(with.idempotency_key, with.body, now);
    }(provider, call, network.scheduler.now());
  };
  auto result = co_await wire_.call<StepAnswer>(site, server_, std::move(carry_out));
  if (result) co_return std::move(*result);
  co_return answer(StepAnswerKind::unknown, result.error().detail);
}

}  // namespace holdfast::sim
