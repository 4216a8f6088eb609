// The acts about refunds: one after its order was completed, and some that overtake their orders.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "demo/json_view.h"
#include "demo/show.h"
#include "load/driver.h"

namespace holdfast::demo {
namespace {

tl::expected<std::int64_t, load::CallError> points_of(Show& show, const std::string& user) {
  const auto reply = ask(show, get_request("/v1/users/" + user + "/points"));
  if (!reply) {
    return tl::make_unexpected(reply.error());
  }
  return number_at(reply->body, "balance").value_or(-1);
}

// Switches consuming on again however the act ends: the server is not ours.
class ResumeGuard {
 public:
  explicit ResumeGuard(Show& show) : show_(show) {}
  ResumeGuard(const ResumeGuard&) = delete;
  ResumeGuard& operator=(const ResumeGuard&) = delete;
  ~ResumeGuard() {
    if (!is_resumed_) {
      (void)resume();
    }
  }

  tl::expected<Reply, load::CallError> resume() {
    is_resumed_ = true;
    return ask(show_, {"POST", "/v1/worker/resume", "", {}});
  }

 private:
  Show& show_;  // held, not owned
  bool is_resumed_ = false;
};

struct EarlyRefunds {
  std::vector<Refund> refunds;
  std::size_t accepted = 0;
  std::size_t waiting = 0;
  std::string unlike;  // the first answer that was not as expected
  std::chrono::milliseconds next_check{0};
};

// Orders, each followed at once by its refund, while nothing is consumed.
tl::expected<EarlyRefunds, load::CallError> overtake(Show& show) {
  EarlyRefunds early;
  for (std::size_t n = 0; n < kEarlyRefunds && !show.interrupted; ++n) {
    const Order order{show.ids.uuid(),
                      fmt::format("early-{}-{}", show.run, n),
                      {{show.sku("cup"), 2, 450}},
                      0,
                      "",
                      "",
                      ""};
    const auto placed = ask(show, place_request(order));
    if (!placed) {
      return tl::make_unexpected(placed.error());
    }
    if (placed->status != 202) {
      early.unlike = "the order: " + placed->summary();
      continue;
    }
    ++early.accepted;
    const Refund refund{show.ids.uuid(), order.order_id};
    const auto held = ask(show, refund_request(refund));
    if (!held) {
      return tl::make_unexpected(held.error());
    }
    const auto next_check = time_at(held->body, "next_check_at");
    show.count_sold(order.lines, held->status == 202);
    if (held->status == 202) {
      early.refunds.push_back(refund);
    }
    if (held->status == 202 && is_in(*held, "waiting") && next_check) {
      ++early.waiting;
      const auto now = std::chrono::system_clock::now();
      early.next_check = std::chrono::round<std::chrono::milliseconds>(*next_check - now);
    } else {
      early.unlike = "the refund: " + held->summary();
    }
  }
  return early;
}

// How many of them ended `refunded` before the deadline.
tl::expected<std::size_t, load::CallError> wait_until_refunded(Show& show,
                                                               const EarlyRefunds& early) {
  const auto deadline = load::Clock::now() + kRefundDeadline;
  std::size_t refunded = 0;
  for (const Refund& refund : early.refunds) {
    if (show.interrupted) {
      break;
    }
    const bool is_early = load::Clock::now() < deadline;  // past it, each is looked at once
    const auto reply = ask_until(
        show, show.session, get_request("/v1/refunds/" + refund.refund_id, is_early), deadline,
        [](const Reply& seen) { return !is_in(seen, "waiting") && !is_in(seen, "reversing"); });
    if (!reply) {
      return tl::make_unexpected(reply.error());
    }
    refunded += is_in(*reply, "refunded") ? 1 : 0;
  }
  return refunded;
}

}  // namespace

ActResult refund_late(Show& show, Act& act) {
  const Order order{
      show.ids.uuid(), "late-" + show.run, {{show.sku("pot"), 3, 1'400}}, 0, "", "", ""};
  const auto points_before = points_of(show, order.user_id);
  const auto placed = ask(show, with_wait(place_request(order)));
  if (!points_before || !placed) {
    return tl::make_unexpected(placed ? points_before.error() : placed.error());
  }
  const auto points_after = points_of(show, order.user_id);
  const load::Request stock = get_request("/v1/stock/" + show.sku("pot"));
  const auto stock_sold = ask(show, stock);
  if (!points_after || !stock_sold) {
    return tl::make_unexpected(stock_sold ? points_after.error() : stock_sold.error());
  }
  act.check(placed->status == 200 && is_in(*placed, "completed") && *points_after > *points_before,
            fmt::format("Prefer: wait: an order of 3 pots is completed, {} points earned",
                        *points_after - *points_before),
            placed->summary());

  const auto begun = load::Clock::now();
  const Refund refund{show.ids.uuid(), order.order_id};
  const auto refunded = ask(show, with_wait(refund_request(refund)));
  if (!refunded) {
    return tl::make_unexpected(refunded.error());
  }
  act.check(refunded->status == 200 && is_in(*refunded, "refunded") &&
                number_at(refunded->body, "amount") == 4'200,
            fmt::format("its refund of 42.00 is done in {}", readable(load::Clock::now() - begun)),
            refunded->summary());
  show.count_sold(order.lines, is_in(*refunded, "refunded"));

  const std::int64_t wanted = number_at(stock_sold->body, "available").value_or(-9) + 3;
  const auto stock_back =
      ask_until(show, show.session, stock, load::Clock::now() + kBooksDeadline,
                [&](const Reply& seen) { return number_at(seen.body, "available") == wanted; });
  const auto points_back = points_of(show, order.user_id);
  if (!stock_back || !points_back) {
    return tl::make_unexpected(stock_back ? points_back.error() : stock_back.error());
  }
  const std::int64_t seen = number_at(stock_back->body, "available").value_or(-1);
  act.check(seen == wanted && *points_back == *points_before,
            "3 pots are back on sale, the points are taken back",
            fmt::format("{} on sale instead of {}, {} points instead of {}", seen, wanted,
                        *points_back, *points_before));
  return {};
}

ActResult refund_early(Show& show, Act& act) {
  ResumeGuard guard(show);
  const auto paused = ask(show, {"POST", "/v1/worker/pause", "", {}});
  if (!paused) {
    return tl::make_unexpected(paused.error());
  }
  act.check(paused->status / 100 == 2, "the worker is paused: orders stay in the queue",
            paused->summary());
  const auto early = overtake(show);
  if (!early) {
    return tl::make_unexpected(early.error());
  }
  act.check(early->waiting == kEarlyRefunds && early->accepted == kEarlyRefunds,
            fmt::format("{} orders accepted, their refunds at once: {} waiting, next look in {}",
                        early->accepted, early->waiting, readable(early->next_check)),
            early->unlike);
  const auto begun = load::Clock::now();
  const auto resumed = guard.resume();
  if (!resumed) {
    return tl::make_unexpected(resumed.error());
  }
  const auto refunded = wait_until_refunded(show, *early);
  if (!refunded) {
    return tl::make_unexpected(refunded.error());
  }
  act.check(resumed->status / 100 == 2 && *refunded == kEarlyRefunds,
            fmt::format("the worker goes on: {} of {} refunded, {} later", *refunded, kEarlyRefunds,
                        readable(load::Clock::now() - begun)),
            "resume was answered " + resumed->summary());
  if (early->refunds.empty()) {
    return {};
  }
  const auto order = ask(show, get_request("/v1/orders/" + early->refunds.front().order_id));
  if (!order) {
    return tl::make_unexpected(order.error());
  }
  act.check(is_in(*order, "refunded"), "such an order was completed first, then refunded",
            order->summary());
  return {};
}

}  // namespace holdfast::demo
