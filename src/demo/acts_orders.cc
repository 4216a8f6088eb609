// The acts about orders: stock in, the burst, its settlement, the same question again.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "demo/json_view.h"
#include "demo/show.h"
#include "load/driver.h"

namespace holdfast::demo {
namespace {

// Which cart buyer `n` brings: of 20 buyers 8 want the SKU that is too small, two of those with a
// second line (all or nothing: where one line is short, the other must not be taken either).
std::vector<Line> cart_of(const Show& show, std::size_t n) {
  const Line flash{show.sku("flash"), 1, 9'900};
  const Line tea{show.sku("tea"), 1 + static_cast<std::int64_t>(n / 20 % 3), 1'999};
  const Line cup{show.sku("cup"), 2, 450};
  const Line pot{show.sku("pot"), 1, 4'200};
  const std::size_t kind = n % 20;
  if (kind < 2) {
    return {flash, tea};
  }
  if (kind < 8) {
    return {flash};
  }
  if (kind < 12) {
    return {tea};
  }
  if (kind < 15) {
    return {cup};
  }
  return kind < 17 ? std::vector<Line>{tea, cup} : std::vector<Line>{pot};
}

class Burst final : public load::Workload {
 public:
  Burst(const load::Endpoint& endpoint, std::vector<Order>& orders) : orders_(orders) {
    for (const Order& order : orders) {  // before the clock runs
      load::append_request(endpoint, place_request(order), requests_.emplace_back());
    }
  }
  void write_request(std::uint64_t index, std::string& out) override { out = requests_[index]; }
  void on_answer(std::uint64_t index, const load::Response& response) override {
    orders_[index].status = response.status;
    if (response.status != 202) {
      orders_[index].code = text_at(parse_json(response.body), "code");
    }
  }

 private:
  std::vector<Order>& orders_;  // held, not owned
  std::vector<std::string> requests_;
};

// Looks at each of `orders` until it is final; the server holds the answer until then.
class Looks final : public load::Workload {
 public:
  Looks(const load::Endpoint& endpoint, std::vector<std::string> order_ids)
      : endpoint_(endpoint), order_ids_(std::move(order_ids)) {}
  void write_request(std::uint64_t index, std::string& out) override {
    load::append_request(endpoint_, get_request("/v1/orders/" + order_ids_[index], true), out);
  }
  void on_answer(std::uint64_t index, const load::Response& response) override {
    const boost::json::value order = parse_json(response.body);
    const std::string status = text_at(order, "status");
    if (status == "accepted" || status == "processing") {
      open.push_back(order_ids_[index]);
      return;
    }
    ++by_status[status.empty() ? std::to_string(response.status) : status];
    const auto placed = time_at(order, "placed_at");
    const auto completed = time_at(order, "completed_at");
    if (placed && completed) {
      took.record(*completed - *placed);
    }
  }

  std::vector<std::string> open;  // not final when the server stopped waiting
  std::map<std::string, std::uint64_t> by_status;
  load::Histogram took;

 private:
  const load::Endpoint& endpoint_;  // held, not owned
  std::vector<std::string> order_ids_;
};

load::RunOptions burst_options(const Show& show, std::uint64_t count, std::chrono::seconds time) {
  load::RunOptions options;
  options.connections = kBurstConnections;
  options.max_requests = count;
  options.max_time = time;
  options.drain_time = kPollWait + std::chrono::seconds{5};
  options.on_tick = [&show](const load::Progress&) { return !show.interrupted; };
  return options;
}

tl::unexpected<load::CallError> unreachable(const std::string& why) {
  return tl::make_unexpected(load::CallError{load::Effect::kNone, why});
}

void check_burst(Show& show, Act& act, std::uint64_t flash_buyers) {
  std::uint64_t accepted = 0;
  std::uint64_t sold_out = 0;
  std::uint64_t flash_sold = 0;
  std::map<std::string, std::uint64_t> others;
  for (const Order& order : show.burst) {
    if (order.status == 202) {
      ++accepted;
      flash_sold += order.lines.front().sku == show.sku("flash") ? 1 : 0;
      show.count_sold(order.lines, false);
    } else if (order.status == 409 && order.code == "out_of_stock") {
      ++sold_out;
    } else {
      ++others[fmt::format("{} {}", order.status, order.code)];
    }
  }
  constexpr auto kFlash = static_cast<std::uint64_t>(kFlashUnits);
  const std::uint64_t should_refuse = flash_buyers - kFlash;
  const std::uint64_t should_accept = kBurstOrders - should_refuse;
  act.check(accepted == should_accept,
            fmt::format("{} accepted, as many as the stock allows", with_commas(should_accept)),
            fmt::format("{} were", with_commas(accepted)));
  act.check(flash_sold == kFlash && sold_out == should_refuse,
            fmt::format("{} buyers for {} flash units: {} sold, {} refused, 409 out_of_stock",
                        flash_buyers, kFlash, kFlash, should_refuse),
            fmt::format("{} sold, {} refused", flash_sold, sold_out));
  for (const auto& [answer, count] : others) {
    act.check(false, fmt::format("no other answers ({} × {})", count, answer));
  }
}

}  // namespace

ActResult bring_stock_in(Show& show, Act& act) {
  bool all_set = true;
  std::string names;
  for (const char* name : {"flash", "tea", "cup", "pot"}) {
    const std::string sku = show.sku(name);
    const std::int64_t units = name == std::string_view("flash") ? kFlashUnits : kAmpleUnits;
    const load::Request put{
        "PUT", "/v1/stock/" + sku, fmt::format(R"({{"on_hand":{}}})", units), {}};
    const auto reply = ask(show, put);
    if (!reply) {
      return tl::make_unexpected(reply.error());
    }
    all_set = all_set && reply->status == 200 && number_at(reply->body, "available") == units;
    show.expected[sku].loaded = units;
    names += fmt::format("{}{} {}", names.empty() ? "" : ", ", name,
                         with_commas(static_cast<std::uint64_t>(units)));
  }
  act.check(all_set, "4 SKUs on sale: " + names);
  return {};
}

ActResult place_burst(Show& show, Act& act) {
  std::uint64_t flash_buyers = 0;
  for (std::size_t n = 0; n < kBurstOrders; ++n) {
    Order order{
        show.ids.uuid(), fmt::format("buyer-{}-{}", show.run, n), cart_of(show, n), 0, "", "", ""};
    flash_buyers += order.lines.front().sku == show.sku("flash") ? 1 : 0;
    show.burst.push_back(std::move(order));
  }
  Burst burst(show.session.endpoint(), show.burst);
  const auto result = load::run_load(show.session.endpoint(), burst,
                                     burst_options(show, kBurstOrders, kBurstDeadline));
  if (!result) {
    return unreachable(result.error());
  }
  check_burst(show, act, flash_buyers);
  if (!result->first_error.empty()) {
    act.note("a connection broke: " + result->first_error);
  }
  act.note(fmt::format("answered in {} (p50), {} (p99); {} answers a second",
                       readable(result->latency.percentile(50)),
                       readable(result->latency.percentile(99)),
                       with_commas(static_cast<std::uint64_t>(result->answered_per_second()))));
  return {};
}

ActResult wait_until_settled(Show& show, Act& act) {
  std::vector<std::string> open;
  for (const Order& order : show.burst) {
    if (order.status == 202) {
      open.push_back(order.order_id);
    }
  }
  const std::size_t accepted = open.size();
  const auto deadline = load::Clock::now() + kSettleDeadline;
  std::uint64_t completed = 0;
  std::string others;
  load::Histogram took;
  while (!open.empty() && load::Clock::now() < deadline && !show.interrupted) {
    const std::uint64_t count = open.size();
    Looks looks(show.session.endpoint(), std::move(open));
    const auto result =
        load::run_load(show.session.endpoint(), looks, burst_options(show, count, kSettleDeadline));
    if (!result) {
      return unreachable(result.error());
    }
    open = std::move(looks.open);
    took.merge(looks.took);
    for (const auto& [status, number] : looks.by_status) {
      if (status == "completed") {
        completed += number;
      } else {
        others += fmt::format(", {} {}", number, status);
      }
    }
  }
  act.check(completed == accepted && accepted > 0,
            fmt::format("{} of {} accepted orders completed", with_commas(completed),
                        with_commas(accepted)),
            fmt::format("{} are not{}", accepted - completed, others));
  if (took.count() > 0) {
    act.note(fmt::format("an order was completed {} (p50) after it was placed, the slowest {}",
                         readable(took.percentile(50)), readable(took.max())));
  }
  return {};
}

ActResult ask_again(Show& show, Act& act) {
  const auto first = std::find_if(show.burst.begin(), show.burst.end(), [&](const Order& order) {
    return order.status == 202 && order.lines.front().sku == show.sku("flash");
  });
  if (first == show.burst.end()) {
    act.check(false, "an order of the flash SKU was accepted");
    return {};
  }
  const auto repeat = ask(show, place_request(*first));
  if (!repeat) {
    return tl::make_unexpected(repeat.error());
  }
  const bool same = text_at(repeat->body, "order_id") == first->order_id;
  act.check(repeat->status == 202 && repeat->replayed && same,
            "a buyer of the sold-out SKU asks again: 202, Idempotent-Replayed: true",
            repeat->summary() + (repeat->replayed ? "" : ", not marked as a repeat"));
  Order other = *first;
  other.lines.front().quantity = 2;
  const auto conflict = ask(show, place_request(other));
  if (!conflict) {
    return tl::make_unexpected(conflict.error());
  }
  act.check(conflict->status == 409 && text_at(conflict->body, "code") == "order_id_conflict",
            "the same id with another cart: 409 order_id_conflict", conflict->summary());
  return {};
}

}  // namespace holdfast::demo
