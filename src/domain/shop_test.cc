#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "domain/assert.h"
#include "domain/digest.h"
#include "domain/samples_for_test.h"
#include "domain/shop_for_test.h"
#include "domain/transitions.h"

// What happens in the shop of the property tests (invariants_test.cc); what must hold of it is in
// shop_rules_test.cc.

namespace holdfast::samples {
namespace {

constexpr std::array<std::int64_t, 5> kPrices{0, 1, 99, 250, 1'000};
constexpr RetryPolicy kRetry{3, Milliseconds{1'000}, 2, Milliseconds{4'000}};
constexpr Milliseconds kLease{2'000};
constexpr Milliseconds kReportTimeout{10'000};

std::int64_t amount_of_reverse(const OrderAggregate& rows, const StepAction& action) {
  for (const Refund& refund : rows.refunds) {
    if (refund.id == action.refund_id()) return refund.amount.minor;
  }
  return rows.order.amount.minor;
}

Refund& refund_of(OrderAggregate& rows, const RefundId& id) {
  const auto found = std::find_if(rows.refunds.begin(), rows.refunds.end(),
                                  [&id](const Refund& each) { return each.id == id; });
  HF_ASSERT(found != rows.refunds.end());
  return *found;
}

/// Whether `step` comes after the one of this name, through others too.
bool follows(const Order& order, const Step& step, const StepName& name) {
  return std::any_of(step.after.begin(), step.after.end(), [&](const StepName& earlier) {
    return earlier == name || follows(order, *find_step(order, earlier), name);
  });
}

Progress progress_of(const OrderAggregate& rows) {
  Progress progress;
  progress.aggregate = rows;
  return progress;
}

}  // namespace

Shop::Shop(Plan plan, std::map<Sku, std::int64_t> loaded) : plan_(std::move(plan)) {
  for (const auto& [sku, units] : loaded) stock_[sku] = Stock{units, 0, 0, units, 0};
}

std::size_t Shop::index_of(const Sale& of) const {
  return static_cast<std::size_t>(&of - sales_.data());
}

Shop::Sale* Shop::sale(std::size_t which) {
  return sales_.empty() ? nullptr : &sales_[which % sales_.size()];
}

void Shop::send(const Sale& of, const Dispatch& dispatch) {
  messages_.push_back({index_of(of), {}, dispatch.action, now_ + dispatch.delay, false});
  sent_.push_back(messages_.back());
}

void Shop::wake(const Sale& of, const RefundId& refund, Milliseconds delay) {
  messages_.push_back({index_of(of), refund, {}, now_ + delay, false});
  sent_.push_back(messages_.back());
}

void Shop::perform(Sale& of, Progress progress, bool advanced) {
  const OrderAggregate& after = progress.aggregate;
  check_writing(of, after);
  if (advanced) check_repeat(after);
  for (const StockReturn& back : progress.returned) stock_.at(back.sku).returned += back.units;
  for (const PointsChange& change : progress.points) points_balance_ += change.delta;
  for (const Dispatch& dispatch : progress.dispatches) send(of, dispatch);
  for (const StepAction& action : progress.unparked) parked_.erase(action.idempotency_key());
  for (const StepParking& parking : progress.parkings) {
    ++tally_["parked"];
    const bool is_new =
        parked_.emplace(parking.action.idempotency_key(), Parked{index_of(of), parking.action})
            .second;
    if (!is_new) broken_ = "parked twice: " + parking.action.idempotency_key();
  }
  of.rows = std::move(progress.aggregate);
  release_stock(of);
}

void Shop::release_stock(Sale& of) {
  if (!of.rows.order.stock_released) {
    for (const OrderLine& line : of.rows.order.lines) {
      stock_.at(line.sku).available += (line.quantity - line.kept_off_sale).units;
    }
    of.rows.order.stock_released = true;
  }
  for (Refund& refund : of.rows.refunds) {
    if (refund.stock_released) continue;
    for (const RefundLine& line : refund.lines) {
      if (line.restock) stock_.at(line.sku).available += line.quantity.units;
    }
    refund.stock_released = true;
  }
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
  if (request.lines.empty() || sales_.size() >= 100) return;
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
  identity.placed_at = now_;
  Sale placed;
  placed.rows.order = make_order(request, plan_, identity);
  sales_.push_back(std::move(placed));
}

void Shop::refuse(Sale& of, const Refusal& refusal) {
  auto decision = decide_refusal(of.rows.order, refusal, now_);
  Progress progress = progress_of(of.rows);
  progress.aggregate.order = std::move(decision.order);
  // What the refund keeps off sale is sold without having been ordered.
  for (const OrderLine& line : progress.aggregate.order.lines) {
    stock_.at(line.sku).sold += line.kept_off_sale.units;
  }
  perform(of, std::move(progress));
  for (const Refund& held : of.rows.refunds) wake(of, held.id, Milliseconds{0});
}

bool Shop::book_has(const Order& order) const {
  return std::all_of(order.lines.begin(), order.lines.end(), [this](const OrderLine& line) {
    const Stock& stock = stock_.at(line.sku);
    return stock.loaded - stock.sold + stock.returned >= line.quantity.units;
  });
}

void Shop::settle(std::size_t which) {
  Sale* const of = sale(which);
  if (of == nullptr) return;
  const Order& order = of->rows.order;
  if (order.status != OrderStatus::accepted) {  // delivered again
    const auto again = transition(order.status, OrderEvent::settled);
    if (again.verdict != Verdict::stays) broken_ = "I3: a redelivery moved an order";
    return;
  }
  if (!book_has(order)) {
    refuse(*of, Refusal{});
    return;
  }
  auto decision = decide_settlement(order, kShopPolicy, now_);
  for (const OrderLine& line : order.lines) stock_.at(line.sku).sold += line.quantity.units;
  of->deducted = true;
  Progress progress = progress_of(of->rows);
  progress.aggregate.order = std::move(decision.order);
  progress.dispatches = std::move(decision.dispatches);
  progress.returned = std::move(decision.returned);
  progress.points.push_back({{}, decision.points_delta});
  perform(*of, std::move(progress));
  for (const Refund& held : of->rows.refunds) wake(*of, held.id, Milliseconds{0});
}

RefundRequest Shop::request_from(const Order& order, std::size_t salt) const {
  RefundRequest request;
  if (salt % 4 == 0) request.when_incomplete = WhenIncomplete::preempt;
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
  const OrderAggregate& rows = of->rows;
  const RefundRequest request = request_from(rows.order, salt);
  // Few ids, so that some requests repeat an earlier one and some contradict it.
  const auto id = samples::id<RefundId>(static_cast<std::uint8_t>(salt % 7));
  const std::string fingerprint = sha256_hex(canonical_content(rows.order.id, request));
  auto decision = decide_refund_request(rows.order, rows.refunds, id, fingerprint, request,
                                        kShopPolicy.refund, now_);
  const auto same = std::find_if(rows.refunds.begin(), rows.refunds.end(),
                                 [&id](const Refund& each) { return each.id == id; });
  if (same != rows.refunds.end()) {
    const auto expected = same->fingerprint == fingerprint ? RefundRequestOutcome::replayed
                                                           : RefundRequestOutcome::conflict;
    if (decision.outcome != expected) broken_ = "I6: a repeat was not recognised";
    ++tally_["repeated request"];
    return;
  }
  if (decision.outcome == RefundRequestOutcome::refund_exceeds_order) ++tally_["exceeds"];
  if (decision.outcome != RefundRequestOutcome::accepted) return;
  Progress progress = progress_of(rows);
  progress.aggregate.refunds.push_back(*decision.refund);
  const bool stops = rows.order.status == OrderStatus::processing &&
                     request.when_incomplete == WhenIncomplete::preempt;
  if (stops) {
    preempt(progress, id, now_);
    advance(progress, kShopPolicy, now_);
  }
  perform(*of, std::move(progress), stops);
  const bool waits = decision.refund->status == RefundStatus::waiting &&
                     request.when_incomplete == WhenIncomplete::wait;
  wake(*of, id, waits ? kShopPolicy.refund.delay : Milliseconds{0});
}

void Shop::look(Sale& of, const RefundId& refund_id) {
  Progress progress = progress_of(of.rows);
  Refund& refund = refund_of(progress.aggregate, refund_id);
  const Order& order = progress.aggregate.order;
  auto check = decide_refund_check(order, refund, kShopPolicy.refund, now_);
  if (check.outcome == RefundCheckOutcome::nothing) return;
  refund = std::move(check.refund);
  const bool stops = check.outcome == RefundCheckOutcome::preempt;
  const bool is_accepted = order.status == OrderStatus::accepted;
  if (check.outcome == RefundCheckOutcome::hold || (stops && is_accepted)) {
    wake(of, refund_id, kShopPolicy.refund.delay);
  }
  if (stops && is_accepted) {
    perform(of, std::move(progress), false);
    // The book could not keep off sale what it has not: the settlement will find out.
    if (!book_has(of.rows.order)) return;
    const Refund by = refund_of(of.rows, refund_id);
    refuse(of, {CancelReason::preempted, &by, true});
    return;
  }
  if (stops) preempt(progress, refund_id, now_);
  advance(progress, kShopPolicy, now_);
  perform(of, std::move(progress));
}

void Shop::deliver(std::size_t which, Fate fate, std::size_t salt) {
  if (messages_.empty()) return;
  // The first that is due, from some place on.
  const auto start = static_cast<std::ptrdiff_t>(which % messages_.size());
  std::rotate(messages_.begin(), messages_.begin() + start, messages_.end());
  const auto found = std::find_if(messages_.begin(), messages_.end(),
                                  [this](const Message& message) { return message.due <= now_; });
  if (found == messages_.end() || (fate == Fate::lost && found->retried)) return;
  const Message message = *found;
  if (fate != Fate::again) messages_.erase(found);
  if (fate != Fate::lost) handle(message, salt);
}

void Shop::handle(const Message& message, std::size_t salt) {
  if (message.refund) {
    look(sales_[message.sale], *message.refund);
  } else {
    begin(message, salt);
  }
}

void Shop::begin(const Message& message, std::size_t salt) {
  Sale& of = sales_[message.sale];
  const BeginContext context{kRetry, kLease, message.retried};
  auto decision = decide_begin(of.rows, message.action, context, kShopPolicy, now_);
  const bool later = decision.outcome == BeginOutcome::later;
  perform(of, std::move(decision.progress), !later);
  if (later) {
    ++tally_["later"];
    if (decision.not_before <= now_) broken_ = "a message is put off into the past";
    messages_.push_back(message);
    messages_.back().due = decision.not_before;
    messages_.back().retried = false;
  }
  if (decision.outcome == BeginOutcome::call) call(of, message.action, decision.attempt);
  const bool is_worker = find_step(of.rows.order, message.action.step)->kind == StepKind::amqp;
  if (decision.outcome != BeginOutcome::call || !is_worker || salt % 7 == 0) return;
  // Handed to a worker, which answers by itself.
  StepAnswer handed;
  handed.kind = StepAnswerKind::awaiting;
  AnswerContext answered{decision.attempt, kRetry, kReportTimeout, 1.0, false};
  perform(of, decide_answer(of.rows, message.action, handed, answered, kShopPolicy, now_));
}

void Shop::call(Sale& of, const StepAction& action, std::uint32_t attempt) {
  const Step& step = *find_step(of.rows.order, action.step);
  PendingCall pending{index_of(of), {}};
  Call& made = pending.call;
  made.action = action;
  made.kind = step.kind;
  made.attempt = attempt;
  made.amount = amount_of_reverse(of.rows, action);
  made.lease_until = now_ + kLease;
  // A worker's caller waits for nothing.
  made.answered = step.kind == StepKind::amqp;
  if (action.direction == Direction::reverse) {
    made.forward_unknown = find_reversal(of.rows, action)->forward_unknown;
    if (made.forward_unknown) ++tally_["forward_unknown"];
    for (const Step& later : of.rows.order.steps) {
      if (is_local(later.kind) || action.cause == kCauseLate) continue;
      if (!follows(of.rows.order, later, action.step)) continue;
      StepAction other = action;
      other.step = later.name;
      const StepReversal* const before = find_reversal(of.rows, other);
      if (before != nullptr && !is_settled(*before)) {
        broken_ = "reversed before what was built upon it: " + action.idempotency_key();
      }
    }
    const bool may_land = std::any_of(calls_.begin(), calls_.end(), [&](const PendingCall& other) {
      return other.sale == pending.sale && other.call.action.step == action.step &&
             other.call.action.direction == Direction::forward && !other.call.answered &&
             now_ < other.call.lease_until;
    });
    if (may_land && !provider_.has_taken(action.order_id, action.step)) {
      broken_ = "I4: a reverse while the forward may still land: " + action.idempotency_key();
    }
  }
  calls_.push_back(std::move(pending));
}

void Shop::arrive(std::size_t which, Mood mood) {
  if (calls_.empty()) return;
  Call& call = calls_[which % calls_.size()].call;
  if (!call.answer) call.answer = provider_.arrive(call, mood);
}

void Shop::answer(PendingCall& pending, const StepAnswer& answer, std::size_t salt) {
  Sale& of = sales_[pending.sale];
  AnswerContext context;
  if (pending.call.kind != StepKind::amqp) context.attempt = pending.call.attempt;
  context.retry = kRetry;
  context.report_timeout = kReportTimeout;
  context.jitter = static_cast<double>(salt % 11) / 10.0;
  context.forgiven = salt % 13 == 0;
  perform(of, decide_answer(of.rows, pending.call.action, answer, context, kShopPolicy, now_));
}

void Shop::end_call(std::size_t which, Ending ending, std::size_t salt) {
  if (calls_.empty()) return;
  const auto at = which % calls_.size();
  PendingCall& pending = calls_[at];
  Call& call = pending.call;
  const bool arrived = call.answer.has_value();
  if (call.kind == StepKind::amqp) {
    // A worker that says nothing, or says it once or twice.
    if (!arrived || ending == Ending::timed_out) return;
    const StepAnswerKind said = call.answer->kind;
    const bool speaks = said == StepAnswerKind::done || said == StepAnswerKind::failed;
    if (speaks && ending == Ending::answered) answer(pending, *call.answer, salt);
    if (salt % 3 != 0) calls_.erase(calls_.begin() + static_cast<std::ptrdiff_t>(at));
    return;
  }
  if (!call.answered && ending == Ending::timed_out) {
    StepAnswer nothing;
    nothing.detail = "timeout";
    answer(pending, nothing, salt);
  }
  if (!call.answered && ending == Ending::answered) {
    if (!arrived) return;
    answer(pending, *call.answer, salt);
  }
  call.answered = true;
  if (arrived) calls_.erase(calls_.begin() + static_cast<std::ptrdiff_t>(at));
}

void Shop::report(std::size_t which, std::size_t salt) {
  Sale* const of = sale(which);
  if (of == nullptr) return;
  const Order& order = of->rows.order;
  const Step step = order.steps[salt % order.steps.size()];
  StepReport report{salt % 4 != 0, "paid"};
  if (step.kind == StepKind::http) {
    const auto put_off = provider_.make_up_its_mind(order.id, step.name, salt % 4 != 0);
    if (!put_off) return;
    report = *put_off;
  } else if (step.kind != StepKind::await) {
    return;
  }
  // Now and then a party says something else than the first time.
  if (step.report && salt % 5 == 0) report.succeeded = !report.succeeded;
  auto decision = decide_report(of->rows, step.name, report, kShopPolicy, now_);
  const auto outcome = decision.outcome;
  if (step.report && (outcome == ReportOutcome::repeated) != (*step.report == report)) {
    broken_ = "a repeated report was not recognised";
  }
  const bool taken = outcome == ReportOutcome::recorded || outcome == ReportOutcome::given_back;
  if (taken && report.succeeded && step.kind == StepKind::await) {
    provider_.take(order.id, step.name, order.amount.minor);
  }
  if (outcome == ReportOutcome::given_back) ++tally_["given back"];
  perform(*of, std::move(decision.progress), taken);
}

void Shop::sweep() {
  for (Sale& of : sales_) {
    const auto due = of.rows.order.next_check_at;
    if (due && *due <= now_) {
      Progress progress = progress_of(of.rows);
      advance(progress, kShopPolicy, now_);
      perform(of, std::move(progress));
    }
    std::vector<RefundId> refunds;
    for (const Refund& refund : of.rows.refunds) {
      if (refund.next_check_at && *refund.next_check_at <= now_) refunds.push_back(refund.id);
    }
    for (const RefundId& refund : refunds) look(of, refund);
  }
}

void Shop::retry_parked(std::size_t which) {
  if (parked_.empty()) return;
  const auto chosen =
      std::next(parked_.begin(), static_cast<std::ptrdiff_t>(which % parked_.size()));
  messages_.push_back({chosen->second.sale, {}, chosen->second.action, now_, true});
  sent_.push_back(messages_.back());
  parked_.erase(chosen);
  ++tally_["retried"];
}

void Shop::discard_parked(std::size_t which) {
  if (parked_.empty()) return;
  const auto chosen =
      std::next(parked_.begin(), static_cast<std::ptrdiff_t>(which % parked_.size()));
  const Parked parked = chosen->second;
  parked_.erase(chosen);
  Sale& of = sales_[parked.sale];
  perform(of, decide_discard(of.rows, parked.action, "no hope", kShopPolicy, now_));
  ++tally_["discarded"];
}

void Shop::forget_sales(std::size_t salt) {
  Stock& stock =
      std::next(stock_.begin(), static_cast<std::ptrdiff_t>(salt % stock_.size()))->second;
  stock.available += 2;
  stock.phantoms += 2;
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
  EXPECT_EQ(shop.violation(), std::nullopt);
  EXPECT_NE(shop.violation_at_rest(), std::nullopt);
  shop.drain();
  EXPECT_EQ(shop.violation_at_rest(), std::nullopt);
  const auto tally = shop.tally();
  EXPECT_EQ(tally.at("sold out"), 1);
  EXPECT_EQ(tally.at("order refunded"), 2);
  EXPECT_EQ(tally.at("refund refunded"), 2);
}

TEST(Shop, PaysAndGivesBack) {
  PlanStep pay = step("pay", StepKind::http, {"stock"});
  pay.reverse_url = "http://psp/refunds";
  Shop shop(with_version(PlanName{"paid"}, {step("stock", StepKind::stock), pay}), {{Sku{"A"}, 3}});
  shop.place(17);  // one of A at 1.00
  shop.settle(0);
  shop.deliver(0, Shop::Fate::once, 1);
  shop.arrive(0, Mood::fine);
  EXPECT_NE(shop.violation_at_rest(), std::nullopt);
  shop.end_call(0, Shop::Ending::answered, 1);
  EXPECT_EQ(shop.violation_at_rest(), std::nullopt);
  shop.ask_refund(0, 3);
  shop.drain();
  EXPECT_EQ(shop.violation_at_rest(), std::nullopt);
  EXPECT_EQ(shop.tally().at("order refunded"), 1);
}

}  // namespace
}  // namespace holdfast::samples
