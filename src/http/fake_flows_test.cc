// The flows as the resources' tests need them: each method asks the test's FakeWorld. Linked in
// place of the real flows.

#include "http/fake_world_test.h"

namespace holdfast::flows {
namespace {

using boost::asio::awaitable;

http::FakeWorld& world_of(Clock& clock) {
  return static_cast<http::FakeWorld&>(clock);
}

}  // namespace

Admission::Admission(Ports ports, const std::map<std::string, Plan>& /*plans*/,
                     AdmissionOptions options)
    : ports_(ports), options_(options) {}

awaitable<PlaceAnswer> Admission::place(PlaceCommand command) {
  co_return world_of(ports_.clock).place(command);
}

awaitable<Outcome<OrderAggregate>> Queries::order(OrderId order_id) {
  co_return world_of(ports_.clock).order(order_id);
}
awaitable<Outcome<OrderAggregate>> Queries::wait_for_order(OrderId order_id, Milliseconds wait) {
  co_return world_of(ports_.clock).wait_for_order(order_id, wait);
}
awaitable<Outcome<Page<OrderAggregate>>> Queries::list_orders(OrderFilter filter,
                                                              PageRequest page) {
  co_return world_of(ports_.clock).list_orders(filter, page);
}
awaitable<Outcome<Refund>> Queries::refund(RefundId refund_id) {
  co_return world_of(ports_.clock).refund(refund_id);
}
awaitable<Outcome<Refund>> Queries::wait_for_refund(RefundId refund_id, Milliseconds wait) {
  co_return world_of(ports_.clock).wait_for_refund(refund_id, wait);
}
awaitable<Outcome<Page<Refund>>> Queries::list_refunds(RefundFilter filter, PageRequest page) {
  co_return world_of(ports_.clock).list_refunds(filter, page);
}
awaitable<Outcome<StockView>> Queries::stock(Sku sku) {
  co_return world_of(ports_.clock).stock(sku);
}
awaitable<Outcome<Page<StockView>>> Queries::list_stock(PageRequest page) {
  co_return world_of(ports_.clock).list_stock(page);
}
awaitable<Outcome<Page<JournalRow>>> Queries::stock_journal(Sku sku, PageRequest page) {
  co_return world_of(ports_.clock).stock_journal(sku, page);
}
awaitable<Outcome<PointsRow>> Queries::points(UserId user_id) {
  co_return world_of(ports_.clock).points(user_id);
}

awaitable<Outcome<RefundAnswer>> Refunds::request(RefundCommand command) {
  co_return world_of(ports_.clock).request_refund(command);
}
awaitable<Outcome<RefundAnswer>> Refunds::preview(OrderId order_id, RefundRequest request) {
  co_return world_of(ports_.clock).preview_refund(order_id, request);
}

awaitable<Outcome<ReportAnswer>> StepReports::report(OrderId order_id, StepName step,
                                                     StepReport report) {
  co_return world_of(ports_.clock).report(order_id, step, report);
}

awaitable<Outcome<StockDeskAnswer>> StockDesk::set(SetStock command) {
  co_return world_of(ports_.clock).set_stock(command);
}
awaitable<Outcome<StockDeskAnswer>> StockDesk::adjust(AdjustStock command) {
  co_return world_of(ports_.clock).adjust_stock(command);
}

awaitable<Outcome<Page<ParkedMessage>>> ParkedDesk::list(ParkedFilter filter, PageRequest page) {
  co_return world_of(ports_.clock).list_parked(filter, page);
}
awaitable<Outcome<std::vector<ParkedGroup>>> ParkedDesk::groups() {
  co_return world_of(ports_.clock).parked_groups();
}
awaitable<Outcome<std::size_t>> ParkedDesk::retry(ParkedFilter filter, std::string actor) {
  co_return world_of(ports_.clock).retry_parked(filter, actor);
}
awaitable<Outcome<bool>> ParkedDesk::discard(Uuid id, std::string reason, std::string actor) {
  co_return world_of(ports_.clock).discard_parked(id, reason, actor);
}

awaitable<Outcome<ReconciliationReport>> Reconciliation::report() {
  co_return world_of(ports_.clock).reconcile();
}

}  // namespace holdfast::flows

namespace holdfast::http {

OrderAggregate sample_order() {
  const Instant placed{std::chrono::milliseconds(1'767'225'600'123)};
  OrderAggregate aggregate;
  Order& order = aggregate.order;
  order.id = *OrderId::parse("01890a5d-ac96-774b-bcce-b302099a8057");
  order.user_id = UserId{"u-1"};
  order.currency = Currency{"CNY"};
  order.lines.push_back({Sku{"A-1"}, Quantity{2}, Money{1999}, Quantity{0}, Quantity{0}});
  order.lines.push_back({Sku{"B-2"}, Quantity{1}, Money{0}, Quantity{0}, Quantity{0}});
  order.plan = PlanName{"default"};
  order.plan_version = "0123456789ab";
  order.amount = Money{3998};
  order.status = OrderStatus::completed;
  for (const auto kind : {StepKind::stock, StepKind::points}) {
    Step step;
    step.name = StepName{std::string(to_string(kind))};
    step.kind = kind;
    step.status = StepStatus::done;
    step.attempts = 1;
    step.updated_at = placed;
    order.steps.push_back(std::move(step));
  }
  order.placed_at = placed;
  order.completed_at = placed + Milliseconds(1000);
  return aggregate;
}

Refund sample_refund() {
  const Instant asked{std::chrono::milliseconds(1'767'225'605'000)};
  Refund refund;
  refund.id = *RefundId::parse("01890a5d-ac96-774b-bcce-b302099a8058");
  refund.order_id = sample_order().order.id;
  refund.status = RefundStatus::waiting;
  refund.amount = Money{1999};
  refund.lines.push_back({Sku{"A-1"}, Quantity{1}, true});
  refund.requested_at = asked;
  refund.next_check_at = asked + Milliseconds(30'000);
  RefundStep points;
  points.name = StepName{"points"};
  points.updated_at = asked;
  refund.steps.push_back(std::move(points));
  return refund;
}

flows::PlaceAnswer accept(const flows::PlaceCommand& command) {
  flows::PlaceAnswer answer;
  answer.outcome = flows::PlaceOutcome::accepted;
  answer.order_id = command.order_id;
  NewOrder identity;
  identity.id = command.order_id;
  OrderAggregate aggregate;
  static const Plan plan = default_plan();
  aggregate.order = make_order(command.request, plan, identity);
  answer.order = std::move(aggregate);
  answer.durability = flows::Durability::queued;
  return answer;
}

}  // namespace holdfast::http
