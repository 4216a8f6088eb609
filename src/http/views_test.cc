#include "http/views.h"

#include <gtest/gtest.h>

#include "http/fake_world_test.h"

namespace holdfast::http {
namespace {

TEST(OrderView, ShowsWhatTheContractNames) {
  EXPECT_EQ(
      order_view(sample_order()),
      R"({"order_id":"01890a5d-ac96-774b-bcce-b302099a8057","user_id":"u-1","currency":"CNY",)"
      R"("lines":[{"sku":"A-1","quantity":2,"unit_price":1999},)"
      R"({"sku":"B-2","quantity":1,"unit_price":0}],)"
      R"("status":"completed","amount":3998,"refunded_amount":0,)"
      R"("steps":[{"name":"stock","status":"done","attempts":1,)"
      R"("updated_at":"2026-01-01T00:00:00.123Z"},)"
      R"({"name":"points","status":"done","attempts":1,"updated_at":"2026-01-01T00:00:00.123Z"}],)"
      R"("refunds":[],"placed_at":"2026-01-01T00:00:00.123Z",)"
      R"("completed_at":"2026-01-01T00:00:01.123Z","plan":"default",)"
      R"("plan_version":"0123456789ab"})");
}

TEST(OrderView, ShowsOptionalMembersWhenSet) {
  OrderAggregate aggregate = sample_order();
  aggregate.order.attributes = {{"channel", "a\"b\\\n\x01"}};
  aggregate.order.status = OrderStatus::cancelled;
  aggregate.order.reason = CancelReason::step_failed;
  aggregate.order.failed_step = StepName{"payment"};
  aggregate.order.steps[0].error = "no";
  aggregate.order.steps[0].reference = "r-1";
  aggregate.refunds.push_back(sample_refund());
  const std::string view = order_view(aggregate, flows::Durability::reserved);
  for (const char* part :
       {R"("attributes":{"channel":"a\"b\\\n\u0001"},"status":"cancelled")",
        R"("reason":"step_failed","failed_step":"payment","durability":"reserved","steps")",
        R"("attempts":1,"reference":"r-1","error":"no")",
        R"("refunds":["01890a5d-ac96-774b-bcce-b302099a8058"])"}) {
    EXPECT_NE(view.find(part), std::string::npos) << part << " in " << view;
  }
}

TEST(OrderView, ShowsHowAStepIsTakenBack) {
  OrderAggregate aggregate = sample_order();
  Step& payment = aggregate.order.steps[0];
  payment.status = StepStatus::unknown;
  payment.attempts = 8;
  payment.parked = true;
  payment.error = "HTTP 503";
  payment.compensation = StepReversal{};
  payment.compensation->status = ReverseStatus::running;
  payment.compensation->attempts = 2;
  payment.compensation->forward_unknown = true;
  payment.compensation->error = "no answer";
  payment.compensation->updated_at = payment.updated_at;
  payment.late = StepReversal{};
  payment.late->status = ReverseStatus::done;
  payment.late->attempts = 1;
  payment.late->reference = "rf_1";
  payment.late->updated_at = payment.updated_at;
  const std::string view = order_view(aggregate);
  for (const char* part :
       {R"("name":"stock","status":"unknown","attempts":8,"error":"HTTP 503","parked":true,)",
        R"("compensation":{"status":"running","attempts":2,"error":"no answer",)"
        R"("forward_unknown":true,"updated_at":"2026-01-01T00:00:00.123Z"})",
        R"("late":{"status":"done","attempts":1,"reference":"rf_1",)"
        R"("updated_at":"2026-01-01T00:00:00.123Z"})"}) {
    EXPECT_NE(view.find(part), std::string::npos) << part << " in " << view;
  }
  aggregate.order.status = OrderStatus::accepted;
  const std::string unsettled = order_view(aggregate);
  EXPECT_EQ(unsettled.find("compensation"), std::string::npos) << unsettled;
  EXPECT_EQ(unsettled.find("late"), std::string::npos) << unsettled;
}

TEST(OrderView, AcceptedOrdersShowEveryStepPending) {
  OrderAggregate aggregate = sample_order();
  aggregate.order.status = OrderStatus::accepted;
  const std::string view = order_view(aggregate);
  EXPECT_EQ(view.find("\"done\""), std::string::npos);
  EXPECT_NE(view.find(R"("name":"stock","status":"pending","attempts":0)"), std::string::npos);
}

TEST(RefundView, ShowsWhatTheContractNames) {
  const std::string rest =
      R"("amount":1999,"lines":[{"sku":"A-1","quantity":1,"restock":true}],)"
      R"("when_incomplete":"wait","checks":0,"next_check_at":"2026-01-01T00:00:35.000Z",)"
      R"("steps":[{"name":"points","status":"pending","attempts":0,)"
      R"("updated_at":"2026-01-01T00:00:05.000Z"}],"requested_at":"2026-01-01T00:00:05.000Z"})";
  EXPECT_EQ(refund_view(sample_refund()),
            R"({"refund_id":"01890a5d-ac96-774b-bcce-b302099a8058",)"
            R"("order_id":"01890a5d-ac96-774b-bcce-b302099a8057","status":"waiting",)" +
                rest);
  EXPECT_EQ(refund_view(sample_refund(), RefundForm::preview),
            R"({"order_id":"01890a5d-ac96-774b-bcce-b302099a8057",)" + rest);
}

TEST(RefundView, ShowsAReversalThatWaitsForAnOperator) {
  Refund refund = sample_refund();
  RefundStep payment;
  payment.name = StepName{"payment"};
  payment.status = ReverseStatus::running;
  payment.attempts = 8;
  payment.parked = true;
  payment.forward_unknown = true;
  payment.error = "HTTP 500";
  payment.updated_at = refund.requested_at;
  refund.steps.insert(refund.steps.begin(), payment);
  refund.status = RefundStatus::needs_attention;
  refund.when_incomplete = WhenIncomplete::preempt;
  const std::string view = refund_view(refund);
  for (const char* part :
       {R"("status":"needs_attention")", R"("when_incomplete":"preempt")",
        R"("steps":[{"name":"payment","status":"running","attempts":8,"error":"HTTP 500",)"
        R"("forward_unknown":true,"parked":true,"updated_at":"2026-01-01T00:00:05.000Z"},)"}) {
    EXPECT_NE(view.find(part), std::string::npos) << part << " in " << view;
  }
}

TEST(StockView, LeavesOutALimitThatIsNotSet) {
  flows::StockView stock{Sku{"A-1"}, 10, 4, 1, 5, 6, 1, std::nullopt};
  EXPECT_EQ(stock_view(stock),
            R"({"sku":"A-1","loaded":10,"available":4,"reserved":1,"on_hand":5,"sold":6,)"
            R"("returned":1})");
  stock.purchase_limit = 2;
  EXPECT_TRUE(stock_view(stock).ends_with(R"("purchase_limit":2})"));
}

TEST(PageView, TheLastPageHasANullCursor) {
  Page<flows::StockView> page;
  EXPECT_EQ(page_view("stock", page, write_stock), R"({"stock":[],"next_cursor":null})");
  page.next_cursor = "c";
  EXPECT_EQ(page_view("stock", page, write_stock), R"({"stock":[],"next_cursor":"c"})");
}

TEST(JournalView, NamesTheCauseByItsKind) {
  const Instant at{std::chrono::milliseconds(1'767'225'600'000)};
  Page<JournalRow> page;
  page.items.push_back({7, {Sku{"A-1"}, -2, 0, 2, 0, MovementKind::order, "o-1", at}});
  page.items.push_back({6, {Sku{"A-1"}, 5, 5, 0, 0, MovementKind::adjustment, "adj", at}});
  EXPECT_EQ(page_view("journal", page, write_journal_row),
            R"({"journal":[{"id":7,"sku":"A-1","delta":-2,"kind":"order","cause_id":"o-1",)"
            R"("order_id":"o-1","at":"2026-01-01T00:00:00.000Z"},)"
            R"({"id":6,"sku":"A-1","delta":5,"kind":"adjustment","cause_id":"adj",)"
            R"("adjustment_id":"adj","at":"2026-01-01T00:00:00.000Z"}],"next_cursor":null})");
}

TEST(ReconciliationView, SaysWhetherEachSkuIsBalanced) {
  flows::ReconciliationReport report;
  report.generation = "g";
  report.at = Instant{std::chrono::milliseconds(1'767'225'600'000)};
  report.skus.push_back({Sku{"A-1"}, 10, 3, 1, 0, 6, 0, 4, 0});
  report.in_flight.outbox = 1;
  EXPECT_EQ(reconciliation_view(report),
            R"({"balanced":false,"generation":"g","at":"2026-01-01T00:00:00.000Z","skus":[)"
            R"({"sku":"A-1","loaded":10,"available":3,"reserved":1,"in_transit":0,"sold":6,)"
            R"("returned":0,"on_hand":4,"difference":0,"balanced":true}],)"
            R"("in_flight":{"outbox":1,"unsettled":0,"queued_messages":0,)"
            R"("unreleased_refunds":0,"pending_changes":0}})");
}

}  // namespace
}  // namespace holdfast::http
