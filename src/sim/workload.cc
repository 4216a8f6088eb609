#include "sim/workload.h"

#include <algorithm>
#include <string>

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
  explicit Drawing(Random random) : random_(random) {}

  Workload draw() {
    workload_.length =
        Milliseconds{random_.between(20'000, random_.chance(0.2) ? 600'000 : 120'000)};
    draw_stock();
    const auto orders = random_.between(1, 12);
    for (std::int64_t i = 0; i < orders; ++i) draw_order();
    const auto changes = random_.chance(0.4) ? random_.between(1, 4) : 0;
    for (std::int64_t i = 0; i < changes; ++i) draw_stock_change();
    if (random_.chance(0.3)) draw_retry();
    auto& all = workload_.operations;
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.after < b.after; });
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

  void draw_order() {
    static const std::vector<std::string> kPlans{"default", "default", "paid",
                                                 "paid",    "shipped", "awaited"};
    Operation place = begin(OperationKind::place);
    place.order_id = id_of<OrderId>(random_);
    place.user = "u-" + std::to_string(random_.between(1, 3));
    place.plan = random_.pick(kPlans);
    place.lines = draw_lines();
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

  void draw_retry() {
    Operation retry = begin(OperationKind::retry_parked);
    retry.tries = 1;
    add(std::move(retry));
  }

  Random random_;
  Workload workload_;
};

}  // namespace

Workload draw_workload(Random random) {
  return Drawing(random).draw();
}

}  // namespace holdfast::sim
