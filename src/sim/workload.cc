#include "sim/workload.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace holdfast::sim {
namespace {

template <class Id>
Id id_of(Random& random) {
  Id id;
  for (auto& byte : id.value.bytes) byte = static_cast<std::uint8_t>(random.below(256));
  id.value.bytes[6] = static_cast<std::uint8_t>(0x70U | (id.value.bytes[6] & 0x0fU));
  id.value.bytes[8] = static_cast<std::uint8_t>(0x80U | (id.value.bytes[8] & 0x3fU));
  return id;
}

class Drawing {
 public:
  Drawing(Random random, Milliseconds retention) : random_(random), retention_(retention) {}

  Workload draw() {
    workload_.length =
        Milliseconds{random_.between(20'000, random_.chance(0.2) ? 600'000 : 120'000)};
    draw_stock();
    const auto orders = random_.between(1, 12);
    for (std::int64_t i = 0; i < orders; ++i) draw_order();
    const auto changes = random_.chance(0.4) ? random_.between(1, 4) : 0;
    for (std::int64_t i = 0; i < changes; ++i) draw_stock_change();
    if (random_.chance(0.3)) draw_simple(OperationKind::retry_parked);
    auto& all = workload_.operations;
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.after < b.after; });
    draw_more();
    for (std::size_t i = 0; i < all.size(); ++i) all[i].number = i;
    return std::move(workload_);
  }

 private:
  void draw_stock() {
    const auto skus = random_.between(1, 4);
    for (std::int64_t i = 0; i < skus; ++i) {
      StockAtStart stock;
      stock.sku = "sku-" + std::to_string(i + 1);
      stock.units = random_.chance(0.3) ? random_.between(1, 3) : random_.between(5, 40);
      if (random_.chance(0.25)) stock.purchase_limit = random_.between(1, 4);
      workload_.stock.push_back(std::move(stock));
    }
  }

  Milliseconds some_time() { return Milliseconds{random_.between(0, workload_.length.count())}; }

  Operation begin(OperationKind kind) {
    Operation operation;
    operation.kind = kind;
    operation.after = some_time();
    operation.tries = static_cast<int>(random_.between(1, 6));
    return operation;
  }

  /// A PUT of stock has no id of its own: a client sends it once.
  Operation begin_set_stock(const std::string& sku) {
    Operation change = begin(OperationKind::set_stock);
    change.lines.push_back({sku, 0, 0, true});
    change.tries = 1;
    return change;
  }

  void add(Operation operation) { workload_.operations.push_back(std::move(operation)); }

  std::vector<Operation::Line> draw_lines() {
    auto stock = workload_.stock;
    random_.shuffle(stock);
    stock.resize(static_cast<std::size_t>(
        random_.between(1, std::min<std::int64_t>(3, static_cast<std::int64_t>(stock.size())))));
    std::vector<Operation::Line> lines;
    for (const auto& one : stock) {
      Operation::Line line;
      line.sku = one.sku;
      line.quantity = random_.chance(0.7) ? 1 : random_.between(1, 4);
      line.unit_price = random_.between(1, 20) * 50;
      lines.push_back(std::move(line));
    }
    return lines;
  }

  /// What came later is drawn and numbered after the rest, which so keeps its numbers.
  void draw_more() {
    if (random_.chance(0.4)) repeat([this] { draw_order("picked"); }, 3);
    if (random_.chance(0.5)) repeat([this] { draw_rush(); }, 6);
    if (random_.chance(0.6)) repeat([this] { draw_late_repeat(); }, 2);
    if (random_.chance(0.3)) repeat([this] { draw_limit_change(); }, 3);
    if (random_.chance(0.2)) repeat([this] { draw_unplanned(); }, 2);
    if (random_.chance(0.4)) repeat([this] { draw_look(); }, 5);
    if (random_.chance(0.2)) repeat([this] { draw_simple(OperationKind::browse); }, 2);
    if (random_.chance(0.2)) repeat([this] { draw_simple(OperationKind::reconcile); }, 2);
    if (random_.chance(0.3)) repeat([this] { draw_simple(OperationKind::retry_parked); }, 3);
    if (random_.chance(0.3)) repeat([this] { draw_simple(OperationKind::discard_parked); }, 3);
    if (random_.chance(0.15)) repeat([this] { draw_busy_operator(); }, 8);
    if (random_.chance(0.2)) repeat([this] { draw_second_reservation(); }, 2);
    if (random_.chance(0.15)) draw_crowd();
  }

  /// Many ask within some ms for a SKU that has just sold out.
  void draw_crowd() {
    const auto sku = random_.pick(workload_.stock).sku;
    Operation sold_out = begin_set_stock(sku);
    const auto opens = sold_out.after + Milliseconds{random_.between(500, 5'000)};
    add(std::move(sold_out));
    for (auto buyers = random_.between(4, 12); buyers > 0; --buyers) {
      Operation place = begin_order("default");
      place.lines.resize(1);
      place.lines.front().sku = sku;
      place.after = opens + Milliseconds{random_.between(0, 25)};
      add(std::move(place));
    }
  }

  template <class Draw>
  void repeat(Draw draw, std::int64_t most) {
    for (auto times = random_.between(1, most); times > 0; --times) draw();
  }

  /// One of the orders that are placed; unset: there is none.
  std::optional<Operation> some_order() {
    std::vector<Operation> placed;
    for (const auto& operation : workload_.operations) {
      if (operation.kind == OperationKind::place) placed.push_back(operation);
    }
    if (placed.empty()) return std::nullopt;
    return random_.pick(placed);
  }

  /// A refund that pre-empts its order while that is on its way into the book.
  void draw_rush() {
    Operation place = begin_order(random_.chance(0.5) ? "default" : "paid");
    Operation refund = begin(OperationKind::refund);
    refund.order_id = place.order_id;
    refund.refund_id = id_of<RefundId>(random_);
    refund.after = place.after + Milliseconds{random_.between(0, 14)};
    refund.preempts = true;
    for (auto looks = random_.chance(0.3) ? random_.between(1, 3) : 0; looks > 0; --looks) {
      Operation reconcile = begin(OperationKind::reconcile);
      reconcile.after = refund.after + Milliseconds{random_.between(0, 60)};
      reconcile.tries = 1;
      add(std::move(reconcile));
    }
    add(std::move(place));
    add(std::move(refund));
  }

  /// Sent again when the journal, where its memory is short, has forgotten the order.
  void draw_late_repeat() {
    if (retention_ > workload_.length) return;
    auto again = some_order();
    if (!again) return;
    again->after += retention_ + Milliseconds{random_.between(500, 20'000)};
    again->tries = static_cast<int>(random_.between(1, 4));
    if (random_.chance(0.3)) again->lines.front().quantity += 1;
    workload_.length = std::max(workload_.length, again->after + Milliseconds{5'000});
    add(std::move(*again));
  }

  void draw_limit_change() {
    const auto& stock = random_.pick(workload_.stock);
    Operation change = begin_set_stock(stock.sku);
    change.units = stock.units + random_.between(0, 10);
    change.removes_limit = random_.chance(0.25);
    if (!change.removes_limit) change.limit = random_.between(1, 5);
    add(std::move(change));
  }

  /// An order of a plan that is not configured: a new one, or one that was placed under another.
  void draw_unplanned() {
    auto place = some_order();
    if (!place) return;
    place->plan = "gone";
    place->after += Milliseconds{random_.between(0, 20'000)};
    if (random_.chance(0.3)) place->order_id = id_of<OrderId>(random_);
    add(std::move(*place));
  }

  void draw_look() {
    const auto& seen = random_.pick(workload_.operations);
    Operation look = begin(OperationKind::look);
    look.order_id = seen.order_id;
    look.refund_id = seen.refund_id;
    look.after = seen.after + Milliseconds{random_.between(0, 10'000)};
    look.tries = 1;
    add(std::move(look));
  }

  void draw_simple(OperationKind kind) {
    Operation operation = begin(kind);
    operation.tries = 1;
    add(std::move(operation));
  }

  void draw_busy_operator() {
    draw_simple(OperationKind::retry_parked);
    draw_simple(OperationKind::discard_parked);
    draw_simple(OperationKind::discard_parked);
    draw_simple(OperationKind::reconcile);
  }

  /// An order that the book refuses for a while, so that it is parked; the ledger forgets it, it is
  /// perhaps reserved again, and an operator gives up what was parked.
  void draw_second_reservation() {
    constexpr std::int64_t kTimesAnAttempt = 2;  // settled, then refused
    Operation place = begin_order("default");
    place.refusals = kTimesAnAttempt * random_.pick(std::vector<std::int64_t>{2, 2, 8});
    Operation loss = begin(OperationKind::lose_ledger);
    loss.after = place.after + Milliseconds{random_.between(4'000, 20'000)};
    loss.tries = 1;
    Operation again = place;
    again.after = loss.after + Milliseconds{random_.between(1'000, 6'000)};
    for (auto discards = random_.between(1, 3); discards > 0; --discards) {
      Operation discard = begin(OperationKind::discard_parked);
      discard.after = loss.after + Milliseconds{random_.between(4'000, 30'000)};
      discard.tries = 1;
      workload_.length = std::max(workload_.length, discard.after + Milliseconds{1'000});
      add(std::move(discard));
    }
    add(std::move(place));
    add(loss);
    if (random_.chance(0.6)) add(std::move(again));
    for (auto buyers = random_.between(0, 4); buyers > 0; --buyers) {
      // Some come while one process has built the ledger anew and another does not know.
      Operation meanwhile = begin_order("default");
      meanwhile.after = loss.after + Milliseconds{random_.between(0, 2'000)};
      add(std::move(meanwhile));
    }
  }

  /// Under `plan`, or any.
  Operation begin_order(const std::optional<std::string>& plan) {
    static const std::vector<std::string> kPlans{"default", "default", "paid",
                                                 "paid",    "shipped", "awaited"};
    Operation place = begin(OperationKind::place);
    place.order_id = id_of<OrderId>(random_);
    place.user = "u-" + std::to_string(random_.between(1, 3));
    place.plan = plan ? *plan : random_.pick(kPlans);
    place.lines = draw_lines();
    return place;
  }

  void draw_order(const std::optional<std::string>& plan = std::nullopt) {
    Operation place = begin_order(plan);
    if (random_.chance(0.25)) draw_repeat(place);
    if (place.plan == "awaited" && random_.chance(0.8)) draw_report(place);
    const auto refunds = random_.chance(0.6) ? random_.between(1, 3) : 0;
    for (std::int64_t i = 0; i < refunds; ++i) draw_refund(place);
    add(std::move(place));
  }

  void draw_repeat(const Operation& place) {
    Operation repeat = place;
    repeat.after = place.after + Milliseconds{random_.between(0, 5'000)};
    if (random_.chance(0.3)) repeat.lines.front().quantity += 1;
    add(std::move(repeat));
  }

  void draw_report(const Operation& place) {
    Operation report = begin(OperationKind::report);
    report.order_id = place.order_id;
    report.after = place.after + Milliseconds{random_.between(0, 90'000)};
    report.succeeded = random_.chance(0.7);
    report.tries = 6;
    if (random_.chance(0.3)) {
      Operation again = report;
      again.after += Milliseconds{random_.between(0, 20'000)};
      if (random_.chance(0.4)) again.succeeded = !again.succeeded;
      add(std::move(again));
    }
    add(std::move(report));
  }

  void draw_refund(const Operation& place) {
    Operation refund = begin(OperationKind::refund);
    refund.order_id = place.order_id;
    refund.refund_id = id_of<RefundId>(random_);
    refund.after = place.after + Milliseconds{random_.chance(0.6) ? random_.between(0, 4'000)
                                                                  : random_.between(0, 300'000)};
    refund.preempts = random_.chance(0.3);
    if (random_.chance(0.5)) {
      for (const auto& line : place.lines) {
        if (!refund.lines.empty() && random_.chance(0.5)) continue;
        Operation::Line part = line;
        part.quantity = random_.between(1, line.quantity);
        part.restock = random_.chance(0.8);
        refund.lines.push_back(std::move(part));
      }
    }
    if (random_.chance(0.25)) {
      Operation again = refund;
      again.after += Milliseconds{random_.between(0, 8'000)};
      if (random_.chance(0.3)) again.preempts = !again.preempts;
      add(std::move(again));
    }
    add(std::move(refund));
  }

  void draw_stock_change() {
    const auto& stock = random_.pick(workload_.stock);
    Operation change =
        begin(random_.chance(0.7) ? OperationKind::adjust : OperationKind::set_stock);
    change.lines.push_back({stock.sku, 0, 0, true});
    change.units =
        change.kind == OperationKind::adjust ? random_.between(-3, 6) : random_.between(0, 30);
    if (change.units == 0) change.units = 1;
    change.adjustment_id = "a-" + std::to_string(workload_.operations.size());
    if (change.kind == OperationKind::set_stock && random_.chance(0.5)) {
      change.limit = random_.between(1, 5);
    }
    // A PUT of stock has no id of its own: a client sends it once.
    if (change.kind == OperationKind::set_stock) change.tries = 1;
    add(std::move(change));
  }

  Random random_;
  Milliseconds retention_;
  Workload workload_;
};

}  // namespace

Workload draw_workload(Random random, Milliseconds retention) {
  return Drawing(random, retention).draw();
}

}  // namespace holdfast::sim
