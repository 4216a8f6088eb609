// The acts about payment: steps that other systems carry out, here `holdfast psp`. What was charged
// and given back is looked up in the provider's own records, not in Holdfast's.

#include <fmt/format.h>

#include <utility>

#include "demo/json_view.h"
#include "demo/show.h"
#include "load/driver.h"

namespace holdfast::demo {
namespace {

// What the provider says of one order.
struct Account {
  std::int64_t charged = 0;
  std::int64_t refunded = 0;
  std::int64_t charges = 0;
  std::int64_t refunds = 0;
  std::int64_t calls = 0;
  std::int64_t declined = 0;
  std::size_t anomalies = 0;

  std::string summary() const {
    return fmt::format("the provider says: {} charges of {}, {} refunds of {}, {} calls", charges,
                       charged, refunds, refunded, calls);
  }
};

Account account_in(const boost::json::value& records) {
  Account account;
  account.charged = number_within(records, "charged").value_or(-1);
  account.refunded = number_within(records, "refunded").value_or(-1);
  account.charges = number_within(records, "charges").value_or(-1);
  account.refunds = number_within(records, "refunds").value_or(-1);
  account.calls = number_within(records, "calls").value_or(-1);
  account.declined = number_at(records, "declined").value_or(-1);
  const auto* object = records.if_object();
  const auto* anomalies = object == nullptr ? nullptr : object->if_contains("anomalies");
  account.anomalies = anomalies != nullptr && anomalies->is_array() ? anomalies->get_array().size()
                                                                    : std::size_t{1};
  return account;
}

load::Request records_request(const Order& order) {
  return get_request("/records/" + order.order_id);
}

tl::expected<Account, load::CallError> account_of(Show& show, const Order& order) {
  const auto records = ask(*show.provider, records_request(order));
  if (!records) {
    return tl::make_unexpected(records.error());
  }
  return account_in(records->body);
}

Order pots(Show& show, const std::string& user, const char* plan, const char* psp) {
  return {show.ids.uuid(),
          fmt::format("{}-{}", user, show.run),
          {{show.sku("pot"), 2, 4'200}},
          0,
          "",
          plan,
          psp};
}
constexpr std::int64_t kPotsAmount = 8'400;

tl::expected<std::int64_t, load::CallError> pots_on_sale(Show& show) {
  const auto stock = ask(show, get_request("/v1/stock/" + show.sku("pot")));
  if (!stock) {
    return tl::make_unexpected(stock.error());
  }
  return number_at(stock->body, "available").value_or(-1);
}

// Notes whether as many pots as before are on sale again, in time.
ActResult check_pots_back(Show& show, Act& act, std::int64_t before) {
  const auto stock = ask_until(show, show.session, get_request("/v1/stock/" + show.sku("pot")),
                               load::Clock::now() + kBooksDeadline, [&](const Reply& seen) {
                                 return number_at(seen.body, "available") == before;
                               });
  if (!stock) {
    return tl::make_unexpected(stock.error());
  }
  const std::int64_t seen = number_at(stock->body, "available").value_or(-1);
  act.check(seen == before, "its 2 pots are back on sale",
            fmt::format("{} are on sale, {} were before", seen, before));
  return {};
}

// The step of that name, null where the order has none.
boost::json::value step_of(const Reply& order, std::string_view name) {
  const auto* object = order.body.if_object();
  const auto* steps = object == nullptr ? nullptr : object->if_contains("steps");
  if (steps == nullptr || !steps->is_array()) {
    return nullptr;
  }
  for (const boost::json::value& step : steps->get_array()) {
    if (text_at(step, "name") == name) {
      return step;
    }
  }
  return nullptr;
}

// Changes the provider's switches, and puts them back however the act ends: it is not ours alone.
class Switches {
 public:
  explicit Switches(load::Session& provider) : provider_(provider) {}
  Switches(const Switches&) = delete;
  Switches& operator=(const Switches&) = delete;
  ~Switches() { (void)put_back(); }

  tl::expected<Reply, load::CallError> change(const std::string& to) {
    const auto before = ask(provider_, get_request("/switches"));
    if (!before) {
      return tl::make_unexpected(before.error());
    }
    before_ = boost::json::serialize(before->body);
    return ask(provider_, {"PUT", "/switches", to, {}});
  }

  ActResult put_back() {
    if (before_.empty()) {
      return {};
    }
    const auto done = ask(provider_, {"PUT", "/switches", std::exchange(before_, {}), {}});
    return done ? ActResult{} : tl::make_unexpected(done.error());
  }

 private:
  load::Session& provider_;  // held, not owned
  std::string before_;       // as it was; empty: nothing is changed
};

}  // namespace

std::string why_without_payment(Show& show) {
  if (!show.provider) {
    return "no payment provider was named; ./run starts one, as does `holdfast psp`";
  }
  const auto health = ask(*show.provider, get_request("/healthz"));
  if (!health || health->status != 200) {
    return "no payment provider answers on " + show.provider->endpoint().url();
  }
  for (const char* plan : {kCardPlan, kCheckoutPlan}) {
    // Of a SKU that there is not, so that nothing is ordered whatever the answer.
    Order order = pots(show, "nobody", plan, "");
    order.lines.front().sku = show.sku("never-stocked");
    const auto reply = ask(show, place_request(order));
    if (!reply || text_at(reply->body, "code") == "unknown_plan") {
      return fmt::format("the configuration has no plan \"{}\"", plan);
    }
  }
  return "";
}

ActResult pay_and_refund_in_part(Show& show, Act& act) {
  const Order order = pots(show, "payer", kCardPlan, "");
  const auto placed = ask(show, with_wait(place_request(order)));
  if (!placed) {
    return tl::make_unexpected(placed.error());
  }
  const auto paid = account_of(show, order);
  if (!paid) {
    return tl::make_unexpected(paid.error());
  }
  act.check(is_in(*placed, "completed") && paid->charges == 1 && paid->charged == kPotsAmount,
            "an order of 2 pots is completed: the provider has charged 84.00, once",
            placed->summary() + ", " + paid->summary());
  show.count_sold(order.lines, false);
  const Refund refund{show.ids.uuid(), order.order_id};
  const std::string one = fmt::format(R"(,"lines":[{{"sku":"{}","quantity":1}}])", show.sku("pot"));
  const auto refunded = ask(show, with_wait(refund_request(refund, one)));
  if (!refunded) {
    return tl::make_unexpected(refunded.error());
  }
  const auto after = account_of(show, order);
  if (!after) {
    return tl::make_unexpected(after.error());
  }
  act.check(is_in(*refunded, "refunded") && after->refunds == 1 && after->refunded == 4'200,
            "one of them is refunded: the provider has given back 42.00, once",
            refunded->summary() + ", " + after->summary());
  show.expected[show.sku("pot")].returned += is_in(*refunded, "refunded") ? 1 : 0;
  return {};
}

ActResult decline_payment(Show& show, Act& act) {
  const auto before = pots_on_sale(show);
  const Order order = pots(show, "declined", kCardPlan, "decline");
  const auto placed = ask(show, with_wait(place_request(order)));
  if (!before || !placed) {
    return tl::make_unexpected(placed ? before.error() : placed.error());
  }
  act.check(is_in(*placed, "cancelled") && text_at(placed->body, "reason") == "payment_declined" &&
                text_at(placed->body, "failed_step") == "payment",
            "the provider answers 402: the order ends cancelled, payment_declined",
            placed->summary());
  show.count_sold(order.lines, true);
  if (auto back = check_pots_back(show, act, *before); !back) {
    return back;
  }
  const auto account = account_of(show, order);
  if (!account) {
    return tl::make_unexpected(account.error());
  }
  act.check(account->declined == 1 && account->charges == 0 && account->anomalies == 0,
            "by the provider's records it was never charged", account->summary());
  return {};
}

ActResult preempt_payment(Show& show, Act& act) {
  const auto before = pots_on_sale(show);
  const Order order = pots(show, "hasty", kCardPlan, "slow");
  const auto placed = ask(show, place_request(order));
  if (!before || !placed) {
    return tl::make_unexpected(placed ? before.error() : placed.error());
  }
  const auto paying = ask_until(show, show.session, get_request("/v1/orders/" + order.order_id),
                                load::Clock::now() + kSettleDeadline, [](const Reply& seen) {
                                  return text_at(step_of(seen, "payment"), "status") == "running";
                                });
  if (!paying) {
    return tl::make_unexpected(paying.error());
  }
  const std::string payment = text_at(step_of(*paying, "payment"), "status");
  act.check(payment == "running", "the provider takes its time: the payment is under way",
            "the payment is " + payment);
  const Refund refund{show.ids.uuid(), order.order_id};
  const auto refunded =
      ask(show, with_wait(refund_request(refund, R"(,"when_incomplete":"preempt")")));
  if (!refunded) {
    return tl::make_unexpected(refunded.error());
  }
  const auto ended = ask(show, get_request("/v1/orders/" + order.order_id));
  if (!ended) {
    return tl::make_unexpected(ended.error());
  }
  act.check(is_in(*refunded, "refunded") && is_in(*ended, "cancelled") &&
                text_at(ended->body, "reason") == "preempted",
            "its refund does not wait: the order ends cancelled, preempted",
            "the refund: " + refunded->summary() + ", the order: " + ended->summary());
  show.count_sold(order.lines, true);
  const auto account = account_of(show, order);
  if (!account) {
    return tl::make_unexpected(account.error());
  }
  const bool is_even = account->charged == account->refunded &&
                       account->charges == account->refunds && account->charges <= 1;
  act.check(is_even && account->anomalies == 0 &&
                number_at(refunded->body, "amount") == account->refunded,
            account->charges == 0
                ? "by the provider's records it was never charged"
                : "by the provider's records it was charged once and given back once: 0 is left",
            account->summary());
  return check_pots_back(show, act, *before);
}

ActResult lose_answer(Show& show, Act& act) {
  Switches switches(*show.provider);
  const auto lossy = switches.change(R"({"unavailable":0,"hang":0,"defer":0,"lose_answer":1})");
  if (!lossy) {
    return tl::make_unexpected(lossy.error());
  }
  const Order order = pots(show, "patient", kCardPlan, "");
  const auto placed = ask(show, place_request(order));
  if (!placed) {
    return tl::make_unexpected(placed.error());
  }
  const auto charged =
      ask_until(show, *show.provider, records_request(order), load::Clock::now() + kSettleDeadline,
                [](const Reply& seen) { return account_in(seen.body).charges > 0; });
  if (!charged) {
    return tl::make_unexpected(charged.error());
  }
  act.check(lossy->status == 200 && account_in(charged->body).charges == 1,
            "the provider charges, and its answer is lost: nobody here knows",
            account_in(charged->body).summary());
  if (auto mended = switches.put_back(); !mended) {
    return mended;
  }
  const auto ended = ask_until(
      show, show.session, get_request("/v1/orders/" + order.order_id, true),
      load::Clock::now() + kSettleDeadline,
      [](const Reply& seen) { return !is_in(seen, "accepted") && !is_in(seen, "processing"); });
  if (!ended) {
    return tl::make_unexpected(ended.error());
  }
  const std::int64_t attempts = number_at(step_of(*ended, "payment"), "attempts").value_or(0);
  act.check(is_in(*ended, "completed") && attempts > 1,
            fmt::format("it is asked again under the same key: completed at call {}", attempts),
            ended->summary());
  show.count_sold(order.lines, !is_in(*ended, "completed"));
  const auto account = account_of(show, order);
  if (!account) {
    return tl::make_unexpected(account.error());
  }
  act.check(account->charges == 1 && account->charged == kPotsAmount && account->calls > 1,
            fmt::format("by the provider's records: {} calls, charged once", account->calls),
            account->summary());
  return {};
}

ActResult let_deadline_pass(Show& show, Act& act) {
  const Order paid = pots(show, "punctual", kCheckoutPlan, "");
  const auto placed = ask(show, place_request(paid));
  if (!placed) {
    return tl::make_unexpected(placed.error());
  }
  const load::Request report{"POST",
                             "/v1/orders/" + paid.order_id + "/steps/buyer_pays",
                             R"({"outcome":"succeeded","reference":"transfer-1"})",
                             {}};
  // Until the order is settled, nothing of it waits for anybody: 409 step_not_awaiting.
  const auto reported = ask_until(show, show.session, report, load::Clock::now() + kPollWait,
                                  [](const Reply& seen) { return seen.status == 200; });
  const auto before = pots_on_sale(show);
  if (!reported || !before) {
    return tl::make_unexpected(reported ? before.error() : reported.error());
  }
  act.check(reported->status == 200 && is_in(*reported, "completed"),
            "a buyer who pays in time is reported: the order is completed", reported->summary());
  show.count_sold(paid.lines, !is_in(*reported, "completed"));

  const Order unpaid = pots(show, "forgetful", kCheckoutPlan, "");
  const auto begun = load::Clock::now();
  const auto ended = ask(show, with_wait(place_request(unpaid)));
  if (!ended) {
    return tl::make_unexpected(ended.error());
  }
  act.check(is_in(*ended, "cancelled") && text_at(ended->body, "reason") == "timed_out",
            fmt::format("one who does not: cancelled, timed_out, {} later",
                        readable(load::Clock::now() - begun)),
            ended->summary());
  show.count_sold(unpaid.lines, true);
  return check_pots_back(show, act, *before);
}

}  // namespace holdfast::demo
