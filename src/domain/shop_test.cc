#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "domain/digest.h"
#include "domain/samples_for_test.h"
#include "domain/shop_for_test.h"

// The shop of the property tests (invariants_test.cc), and that it runs at all.

namespace holdfast::samples {
namespace {

constexpr std::array<std::int64_t, 5> kPrices{0, 1, 99, 250, 1'000};

Step* step_of_kind(Order& order, StepKind kind) {
  const auto found = std::find_if(order.steps.begin(), order.steps.end(),
                                  [kind](const Step& step) { return step.kind == kind; });
  return found == order.steps.end() ? nullptr : &*found;
}

std::int64_t units_kept_by_buyer(const OrderLine& line) {
  return line.quantity.units - line.refunded.units;
}

}  // namespace

Shop::Shop(Plan plan, std::map<Sku, std::int64_t> loaded) : plan_(std::move(plan)) {
  for (const auto& [sku, units] : loaded) stock_[sku] = Stock{units, 0, 0, units, 0};
}

Shop::Sale* Shop::sale(std::size_t which) {
  return sales_.empty() ? nullptr : &sales_[which % sales_.size()];
}

Refund* Shop::refund(std::size_t which, std::size_t salt) {
  Sale* const of = sale(which);
  if (of == nullptr || of->refunds.empty()) return nullptr;
  return &of->refunds[salt % of->refunds.size()];
}

void Shop::write(Sale& of, Order order) {
  if (of.closed && order.status != *of.closed) broken_ = "I3: an order left its end";
  if (order.status == OrderStatus::cancelled || order.status == OrderStatus::refunded) {
    of.closed = order.status;
  }
  of.order = std::move(order);
}

void Shop::place(std::size_t salt) {
  OrderRequest request;
  request.user_id = UserId{"u-1"};
  request.currency = Currency{"CNY"};
  for (const auto& [sku, stock] : stock_) {
    const auto units = static_cast<std::int64_t>(salt % 4);
    if (units > 0) {
      request.lines.push_back({sku, Quantity{units}, Money{kPrices[(salt / 4) % kPrices.size()]}});
    }
    salt /= 5;
  }
  if (request.lines.empty() || sales_.size() >= 200) return;
  for (const OrderRequestLine& line : request.lines) {
    if (stock_.at(line.sku).available < line.quantity.units) {
      ++tally_["sold out"];
      return;
    }
  }
  for (const OrderRequestLine& line : request.lines) {
    stock_.at(line.sku).available -= line.quantity.units;
  }
  NewOrder identity = samples::identity(static_cast<std::uint8_t>(sales_.size() + 1));
  identity.placed_at = at_ms(++clock_ms_);
  Sale placed;
  placed.order = make_order(request, plan_, identity);
  sales_.push_back(std::move(placed));
}

void Shop::settle(std::size_t which) {
  Sale* const of = sale(which);
  if (of == nullptr) return;
  if (of->order.status != OrderStatus::accepted) {  // delivered again
    const auto again = transition(of->order.status, OrderEvent::settled);
    if (again.verdict != Verdict::stays) broken_ = "I3: a redelivery moved an order";
    return;
  }
  const bool enough =
      std::all_of(of->order.lines.begin(), of->order.lines.end(), [this](const OrderLine& line) {
        const Stock& stock = stock_.at(line.sku);
        return stock.loaded - stock.sold + stock.returned >= line.quantity.units;
      });
  if (!enough) {
    write(*of, decide_refusal(of->order, CancelReason::stock_mismatch, at_ms(++clock_ms_)).order);
    for (const OrderLine& line : of->order.lines) {
      stock_.at(line.sku).available += line.quantity.units;
    }
    ++tally_["stock_mismatch"];
    return;
  }
  auto decision = decide_settlement(of->order, plan_, at_ms(++clock_ms_));
  if (decision.deducts_stock) {
    for (const OrderLine& line : of->order.lines) {
      stock_.at(line.sku).sold += line.quantity.units;
    }
    of->deducted = true;
  }
  points_balance_ += decision.points_delta;
  write(*of, std::move(decision.order));
}

void Shop::pay(std::size_t which, bool declined) {
  Sale* const of = sale(which);
  if (of == nullptr || of->order.status != OrderStatus::processing) return;
  Order order = of->order;
  Step* const payment = step_of_kind(order, StepKind::http);
  if (payment == nullptr || payment->status != StepStatus::pending) return;
  payment->status = next(payment->status, StepEvent::begun);
  payment->status = next(payment->status, declined ? StepEvent::declined : StepEvent::succeeded);
  order.status =
      next(order.status, declined ? OrderEvent::cancel_requested : OrderEvent::steps_done);
  if (declined) order.reason = CancelReason::payment_declined;
  write(*of, std::move(order));
}

void Shop::compensate(std::size_t which) {
  Sale* const of = sale(which);
  if (of == nullptr || of->order.status != OrderStatus::cancelling) return;
  Order order = of->order;
  order.status = next(order.status, OrderEvent::compensated);
  for (const OrderLine& line : order.lines) {
    stock_.at(line.sku).returned += line.quantity.units;
    stock_.at(line.sku).available += line.quantity.units;
  }
  points_balance_ -= order.points_earned;
  order.points_earned = 0;
  write(*of, std::move(order));
}

RefundRequest Shop::request_from(const Order& order, std::size_t salt) const {
  RefundRequest request;
  if (salt % 3 == 0) return request;
  request.lines.emplace();
  for (const OrderLine& line : order.lines) {
    const auto units = static_cast<std::int64_t>(salt % 4);
    if (units > 0) {
      request.lines->push_back(RefundLine{line.sku, Quantity{units}, salt % 5 != 0});
    }
    salt /= 2;
  }
  return request;
}

void Shop::ask_refund(std::size_t which, std::size_t salt) {
  Sale* const of = sale(which);
  if (of == nullptr) return;
  const RefundRequest request = request_from(of->order, salt);
  // Few ids, so that some requests repeat an earlier one and some contradict it.
  const auto id = samples::id<RefundId>(static_cast<std::uint8_t>(salt % 7));
  const std::string fingerprint = sha256_hex(canonical_content(of->order.id, request));
  auto decision = decide_refund_request(of->order, of->refunds, id, fingerprint, request,
                                        RefundPolicy{}, at_ms(++clock_ms_));
  const auto same = std::find_if(of->refunds.begin(), of->refunds.end(),
                                 [&id](const Refund& each) { return each.id == id; });
  if (same != of->refunds.end()) {
    const auto expected = same->fingerprint == fingerprint ? RefundRequestOutcome::replayed
                                                           : RefundRequestOutcome::conflict;
    if (decision.outcome != expected) broken_ = "I6: a repeat was not recognised";
    ++tally_["repeated request"];
    return;
  }
  if (decision.outcome == RefundRequestOutcome::refund_exceeds_order) ++tally_["exceeds"];
  if (decision.outcome == RefundRequestOutcome::accepted) {
    of->refunds.push_back(decision.refund.value());
  }
}

void Shop::check_refund(std::size_t which, std::size_t salt) {
  Refund* const found = refund(which, salt);
  if (found == nullptr) return;
  *found =
      decide_refund_check(sale(which)->order, *found, RefundPolicy{}, at_ms(++clock_ms_)).refund;
}

std::int64_t Shop::points_per() const {
  for (const PlanStep& step : plan_.steps) {
    if (step.kind == StepKind::points) return step.points_per;
  }
  return 0;
}

void Shop::reverse(std::size_t which, std::size_t salt) {
  Refund* const found = refund(which, salt);
  if (found == nullptr || found->status != RefundStatus::reversing) return;
  Sale& of = *sale(which);
  Reversal reversal = decide_reversal(of.order, *found, points_per(), at_ms(++clock_ms_));
  for (const auto& [sku, units, restock] : reversal.returned) {
    if (!restock) continue;
    stock_.at(sku).returned += units;
    stock_.at(sku).available += units;
  }
  points_balance_ += reversal.points_delta;
  *found = std::move(reversal.refund);
  write(of, std::move(reversal.order));
}

void Shop::trouble_refund(std::size_t which, std::size_t salt, RefundEvent event) {
  Refund* const found = refund(which, salt);
  if (found == nullptr) return;
  const auto to = transition(found->status, event);
  if (to.verdict == Verdict::moves) found->status = to.next;
}

void Shop::forget_sales(std::size_t salt) {
  Stock& stock =
      std::next(stock_.begin(), static_cast<std::ptrdiff_t>(salt % stock_.size()))->second;
  stock.available += 2;
  stock.phantoms += 2;
}

void Shop::drain() {
  for (std::size_t i = 0; i < sales_.size(); ++i) {
    settle(i);
    pay(i, i % 3 == 0);
    compensate(i);
    for (std::size_t j = 0; j < sales_[i].refunds.size(); ++j) {
      trouble_refund(i, j, RefundEvent::retried);
      check_refund(i, j);
      reverse(i, j);
    }
  }
}

std::optional<std::string> Shop::money_violation(const Sale& of) const {
  Money given_back;
  std::map<Sku, std::int64_t> returned;
  std::map<Sku, std::int64_t> claimed;
  for (const Refund& each : of.refunds) {
    const bool ended = each.status == RefundStatus::refunded;
    if (ended) given_back += each.amount;
    for (const RefundLine& line : each.lines) {
      if (ended) returned[line.sku] += line.quantity.units;
      if (ended || is_under_way(each.status)) claimed[line.sku] += line.quantity.units;
    }
  }
  if (given_back > of.order.amount) return "I5: more money went back than was paid";
  if (given_back != of.order.refunded_amount) return "I5: the order does not know what went back";
  Money left;
  for (const OrderLine& line : of.order.lines) {
    const std::int64_t units = returned.contains(line.sku) ? returned.at(line.sku) : 0;
    if (units != line.refunded.units) return "I5: a line does not know what went back";
    if (claimed.contains(line.sku) && claimed.at(line.sku) > line.quantity.units) {
      return "I5: more units are claimed than were bought";
    }
    if (line.kept_off_sale > line.refunded) return "I5: more kept off sale than refunded";
    left += Money{line.unit_price.minor * units_kept_by_buyer(line)};
  }
  const bool complete = of.order.status == OrderStatus::completed ||
                        of.order.status == OrderStatus::partially_refunded ||
                        of.order.status == OrderStatus::refunded;
  if (complete && points_per() > 0 && of.order.points_earned != left.minor / points_per()) {
    return "points: not the floor of what remains";
  }
  return std::nullopt;
}

std::optional<std::string> Shop::stock_violation(const Sku& sku, const Stock& stock) const {
  std::int64_t taken = 0;
  std::int64_t sold = 0;
  for (const Sale& each : sales_) {
    if (each.order.status == OrderStatus::cancelled) continue;
    for (const OrderLine& line : each.order.lines) {
      if (line.sku != sku) continue;
      const std::int64_t units = units_kept_by_buyer(line) + line.kept_off_sale.units;
      taken += units;
      if (each.deducted) sold += units;
    }
  }
  if (stock.sold - stock.returned > stock.loaded) return "I1: " + sku.value + " is oversold";
  if (stock.available < 0) return "I1: " + sku.value + " is below zero";
  if (stock.sold - stock.returned != sold) return "I2: the book of " + sku.value;
  if (stock.available != stock.loaded + stock.phantoms - taken) {
    return "I2: the ledger of " + sku.value;
  }
  return std::nullopt;
}

std::optional<std::string> Shop::violation() const {
  if (broken_) return broken_;
  std::int64_t points = 0;
  for (const Sale& each : sales_) {
    if (auto found = money_violation(each)) return found;
    points += each.order.points_earned;
  }
  if (points != points_balance_) return "points: the balance is not the sum over the orders";
  if (points_balance_ < 0) return "points: the balance is below zero";
  for (const auto& [sku, stock] : stock_) {
    if (auto found = stock_violation(sku, stock)) return found;
  }
  return std::nullopt;
}

std::optional<std::string> Shop::violation_at_rest() const {
  for (const Sale& each : sales_) {
    if (!is_final(each.order.status)) return "I3: an order did not end";
    for (const Refund& refund : each.refunds) {
      if (is_under_way(refund.status)) return "I7: a refund did not end";
    }
  }
  return violation();
}

std::map<std::string, int> Shop::tally() const {
  std::map<std::string, int> found = tally_;
  for (const Sale& each : sales_) {
    ++found["order " + std::string{to_string(each.order.status)}];
    for (const Refund& refund : each.refunds) {
      ++found["refund " + std::string{to_string(refund.status)}];
    }
  }
  return found;
}

namespace {

TEST(Shop, SellsRefundsAndBalances) {
  Shop shop(default_plan(), {{Sku{"A"}, 3}});
  shop.place(1);  // one of A
  shop.place(2);  // two of A
  shop.place(1);  // sold out
  shop.settle(0);
  shop.ask_refund(0, 3);  // of a completed order, all
  shop.ask_refund(1, 3);  // of one that is not settled: held
  shop.check_refund(1, 0);
  shop.reverse(0, 0);
  EXPECT_EQ(shop.violation(), std::nullopt);
  EXPECT_NE(shop.violation_at_rest(), std::nullopt);
  shop.drain();
  EXPECT_EQ(shop.violation_at_rest(), std::nullopt);
  const auto tally = shop.tally();
  EXPECT_EQ(tally.at("sold out"), 1);
  EXPECT_EQ(tally.at("order refunded"), 2);
  EXPECT_EQ(tally.at("refund refunded"), 2);
}

}  // namespace
}  // namespace holdfast::samples
