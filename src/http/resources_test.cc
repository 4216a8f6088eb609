#include "http/server_fixture_test.h"

namespace holdfast::http {
namespace {

using flows::PlaceOutcome;

constexpr std::string_view kOrderId = "01890a5d-ac96-774b-bcce-b302099a8057";
constexpr std::string_view kJsonType = "Content-Type: application/json\r\n";

tl::unexpected<flows::Failure> failure(flows::FailureKind kind) {
  flows::Failure failed;
  failed.kind = kind;
  failed.dependency = "postgres";
  failed.retry_after_s = 3;
  return tl::unexpected(failed);
}

class ResourcesTest : public ServerFixture {
 protected:
  Received post(std::string_view target, std::string_view body, std::string_view fields = "") {
    return Client(port).exchange(with_body("POST " + std::string(target), body,
                                           std::string(kJsonType) + std::string(fields)));
  }
  Received fetch(std::string_view target, std::string_view fields = "") {
    return Client(port).exchange(get(target, fields));
  }
  static std::string of_order(std::string_view rest) {
    return "/v1/orders/" + std::string(kOrderId) + std::string(rest);
  }
};

TEST_F(ResourcesTest, AnAcceptedOrderIsShownPending) {
  start();
  const Received answer = post("/v1/orders", kOrderBody);
  EXPECT_EQ(answer.status, 202);
  const auto order = answer.json();
  EXPECT_EQ(answer.field("Location"),
            "/v1/orders/" + std::string(order.at("order_id").as_string()));
  EXPECT_EQ(order.at("status"), "accepted");
  EXPECT_EQ(order.at("durability"), "queued");
  EXPECT_EQ(order.at("amount"), 1999);
  for (const auto& step : order.at("steps").as_array()) EXPECT_EQ(step.at("status"), "pending");
  EXPECT_EQ(answer.field("Idempotent-Replayed"), "");
}

TEST_F(ResourcesTest, EachPlaceOutcomeHasItsAnswer) {
  struct Case {
    PlaceOutcome outcome;
    int status;
    const char* code;
  };
  flows::PlaceAnswer given;
  world.place = [&given](const flows::PlaceCommand& command) {
    given.order_id = command.order_id;
    return given;
  };
  given.shortages.push_back({Sku{"A-1"}, Quantity{1}, Quantity{0}});
  given.unknown_skus.push_back(Sku{"A-1"});
  given.limit = LimitBreach{Sku{"A-1"}, Quantity{2}, Quantity{2}};
  given.retry_after_s = 7;
  start();
  for (const Case& c : {Case{PlaceOutcome::unknown_plan, 422, "unknown_plan"},
                        Case{PlaceOutcome::rebuilding, 503, "rebuilding"},
                        Case{PlaceOutcome::unavailable, 503, "unavailable"},
                        Case{PlaceOutcome::conflict, 409, "order_id_conflict"},
                        Case{PlaceOutcome::overloaded, 503, "overloaded"},
                        Case{PlaceOutcome::unknown_sku, 422, "unknown_sku"},
                        Case{PlaceOutcome::out_of_stock, 409, "out_of_stock"},
                        Case{PlaceOutcome::limit_exceeded, 409, "purchase_limit_exceeded"}}) {
    given.outcome = c.outcome;
    const Received answer = post("/v1/orders", kOrderBody);
    EXPECT_EQ(answer.status, c.status) << c.code;
    EXPECT_EQ(answer.code(), c.code);
    const auto problem = answer.json();
    EXPECT_EQ(problem.at("type").as_string(), "urn:holdfast:problem:" + std::string(c.code));
    EXPECT_EQ(problem.at("status"), c.status);
    EXPECT_EQ(answer.field("Retry-After"), c.status == 503 ? "7" : "") << c.code;
    EXPECT_EQ(problem.contains("order_id"), c.status == 503) << c.code;
  }
  given.outcome = PlaceOutcome::out_of_stock;
  EXPECT_EQ(boost::json::serialize(post("/v1/orders", kOrderBody).json().at("shortages")),
            R"([{"sku":"A-1","requested":1,"available":0}])");
  given.outcome = PlaceOutcome::limit_exceeded;
  const auto limited = post("/v1/orders", kOrderBody).json();
  EXPECT_EQ(limited.at("sku"), "A-1");
  EXPECT_EQ(limited.at("limit"), 2);
  EXPECT_EQ(limited.at("bought"), 2);
  given.outcome = PlaceOutcome::unknown_sku;
  EXPECT_EQ(post("/v1/orders", kOrderBody).json().at("errors").at(0).at("pointer"), "/lines/0/sku");
}

TEST_F(ResourcesTest, AnOrdersIdComesFromBodyHeaderOrNowhere) {
  std::vector<flows::PlaceCommand> seen;
  world.place = [&seen](const flows::PlaceCommand& command) {
    seen.push_back(command);
    auto answer = accept(command);
    answer.outcome = PlaceOutcome::replayed;
    return answer;
  };
  start();
  const std::string with_id =
      R"({"order_id":"01890A5D-AC96-774B-BCCE-B302099A8057",)" + std::string(kOrderBody.substr(1));
  const Received replay = post("/v1/orders", with_id, "Idempotency-Key: k\r\n");
  EXPECT_EQ(replay.status, 202);
  EXPECT_EQ(replay.field("Idempotent-Replayed"), "true");
  EXPECT_EQ(replay.json().at("order_id").as_string(), kOrderId);
  post("/v1/orders", kOrderBody, "Idempotency-Key: k\r\n");
  post("/v1/orders", kOrderBody, "Idempotency-Key: \"k\"\r\n");
  post("/v1/orders", kOrderBody);
  EXPECT_EQ(post("/v1/orders", kOrderBody, "Idempotency-Key: k\r\nIdempotency-Key: k\r\n").code(),
            "invalid_request");
  stop();
  ASSERT_EQ(seen.size(), 4U);
  EXPECT_TRUE(seen[0].id_from_client);
  EXPECT_EQ(seen[1].order_id, seen[2].order_id);
  EXPECT_TRUE(seen[1].id_from_client);
  EXPECT_FALSE(seen[3].id_from_client);
}

TEST_F(ResourcesTest, WaitingShowsTheFinalOrder) {
  std::vector<Milliseconds> waits;
  auto found = sample_order();
  world.wait_for_order = [&](OrderId, Milliseconds wait) -> flows::Outcome<OrderAggregate> {
    waits.push_back(wait);
    return found;
  };
  world.order = [&](OrderId) -> flows::Outcome<OrderAggregate> { return found; };
  start();
  const Received done = post("/v1/orders", kOrderBody, "Prefer: wait=90\r\n");
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(done.field("Preference-Applied"), "wait=60");
  EXPECT_EQ(done.json().at("status"), "completed");
  EXPECT_FALSE(done.json().contains("durability"));
  found.order.status = OrderStatus::processing;
  EXPECT_EQ(post("/v1/orders", kOrderBody, "Prefer: wait=1\r\n").status, 202);
  EXPECT_EQ(post("/v1/orders", kOrderBody, "Prefer: wait=x\r\n").field("Preference-Applied"), "");
  EXPECT_EQ(fetch(of_order(""), "Prefer: wait=2\r\n").field("Preference-Applied"), "wait=2");
  EXPECT_EQ(fetch(of_order("")).status, 200);
  stop();
  EXPECT_EQ(waits, (std::vector<Milliseconds>{Milliseconds(60'000), Milliseconds(1000),
                                              Milliseconds(2000)}));
}

TEST_F(ResourcesTest, AFailedWaitStillShowsTheOrderThatWasTaken) {
  world.wait_for_order = [](OrderId, Milliseconds) -> flows::Outcome<OrderAggregate> {
    return failure(flows::FailureKind::unavailable);
  };
  start();
  const Received answer = post("/v1/orders", kOrderBody, "Prefer: wait=1\r\n");
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.json().at("status"), "accepted");
}

TEST_F(ResourcesTest, BodiesMustBeJsonByTypeAndContent) {
  start();
  struct Case {
    const char* fields;
    const char* body;
    const char* code;
  };
  for (const Case& c :
       {Case{"Content-Type: text/plain\r\n", "{}", "unsupported_media_type"},
        Case{"", "{}", "unsupported_media_type"},
        Case{"Content-Type: application/json; charset=latin1\r\n", "{}", "unsupported_media_type"},
        Case{"Content-Type: application/jsonx\r\n", "{}", "unsupported_media_type"},
        Case{"Content-Type: application/json\r\nContent-Encoding: gzip\r\n", "{}",
             "unsupported_media_type"},
        Case{"Content-Type: application/json; charset=\"UTF-8\"\r\n", "{}", "invalid_request"},
        Case{"Content-Type: Application/JSON ;x=y\r\n", "{}", "invalid_request"},
        Case{"Content-Type: application/json\r\nContent-Encoding: identity\r\n", "{}",
             "invalid_request"},
        Case{"", "", "malformed_json"},
        Case{"Content-Type: application/json\r\n", "{", "malformed_json"}}) {
    const Received answer = Client(port).exchange(with_body("POST /v1/orders", c.body, c.fields));
    EXPECT_EQ(answer.code(), c.code) << c.fields << c.body;
  }
}

TEST_F(ResourcesTest, MalformedIdsInPathsAreUnknown) {
  start();
  EXPECT_EQ(fetch("/v1/orders/x").code(), "unknown_order");
  EXPECT_EQ(post("/v1/orders/x/refunds", "{}").code(), "unknown_order");
  EXPECT_EQ(post("/v1/orders/x/refunds/preview", "{}").code(), "unknown_order");
  EXPECT_EQ(post("/v1/orders/x/steps/stock", "{}").code(), "unknown_order");
  EXPECT_EQ(fetch("/v1/refunds/x").code(), "unknown_refund");
  EXPECT_EQ(fetch("/v1/stock/a%20b").code(), "unknown_sku");
  EXPECT_EQ(fetch("/v1/stock/" + std::string(65, 'x')).code(), "unknown_sku");
  EXPECT_EQ(fetch("/v1/stock/%zz/journal").code(), "unknown_sku");
  EXPECT_EQ(fetch("/v1/users/a%20b/points").code(), "not_found");
  EXPECT_EQ(post("/v1/parked/x/retry", "").code(), "not_found");
}

TEST_F(ResourcesTest, FailuresOfFlowsHaveTheirAnswers) {
  using flows::FailureKind;
  FailureKind kind = FailureKind::not_found;
  world.order = [&](OrderId) -> flows::Outcome<OrderAggregate> { return failure(kind); };
  world.list_orders = [&](const OrderFilter&,
                          const PageRequest&) -> flows::Outcome<Page<OrderAggregate>> {
    return failure(kind);
  };
  start();
  EXPECT_EQ(fetch(of_order("")).code(), "unknown_order");
  kind = FailureKind::unavailable;
  const Received away = fetch(of_order(""));
  EXPECT_EQ(away.status, 503);
  EXPECT_EQ(away.code(), "unavailable");
  EXPECT_EQ(away.field("Retry-After"), "3");
  kind = FailureKind::rebuilding;
  EXPECT_EQ(fetch(of_order("")).code(), "rebuilding");
  kind = FailureKind::invalid_cursor;
  const Received cursor = fetch("/v1/orders?cursor=x");
  EXPECT_EQ(cursor.code(), "invalid_request");
  EXPECT_NE(std::string(cursor.json().at("detail").as_string()).find("cursor"), std::string::npos);
}

TEST_F(ResourcesTest, ListsPassFiltersOn) {
  OrderFilter seen;
  PageRequest page;
  world.list_orders = [&](const OrderFilter& filter,
                          const PageRequest& wanted) -> flows::Outcome<Page<OrderAggregate>> {
    seen = filter;
    page = wanted;
    return Page<OrderAggregate>{{sample_order()}, "next"};
  };
  start();
  const Received answer = fetch(
      "/v1/orders?user_id=u-1&status=completed&sku=A-1&placed_after=2026-01-01T00:00:00Z"
      "&placed_before=2026-01-02T00:00:00.5Z&limit=7&cursor=c");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json().at("orders").as_array().size(), 1U);
  EXPECT_EQ(answer.json().at("next_cursor"), "next");
  EXPECT_EQ(fetch("/v1/orders?color=red").code(), "invalid_request");
  EXPECT_EQ(fetch(of_order("?x=1")).code(), "invalid_request");
  stop();
  EXPECT_EQ(seen.user_id, UserId{"u-1"});
  EXPECT_EQ(seen.status, OrderStatus::completed);
  EXPECT_EQ(seen.sku, Sku{"A-1"});
  EXPECT_EQ(*seen.placed_before - *seen.placed_after, Milliseconds(86'400'500));
  EXPECT_EQ(page.limit, 7U);
  EXPECT_EQ(page.cursor, "c");
}

TEST_F(ResourcesTest, EachRefundOutcomeHasItsAnswer) {
  struct Case {
    RefundRequestOutcome outcome;
    int status;
    const char* code;
  };
  flows::RefundAnswer given;
  world.request_refund = [&](const flows::RefundCommand&) { return given; };
  world.preview_refund = [&](OrderId, const RefundRequest&) { return given; };
  given.errors.push_back({"/lines/0/sku", "the order has no such line"});
  start();
  using enum RefundRequestOutcome;
  for (const Case& c :
       {Case{unknown_order, 404, "unknown_order"}, Case{conflict, 409, "refund_id_conflict"},
        Case{order_cancelled, 409, "order_cancelled"},
        Case{already_refunded, 409, "already_refunded"}, Case{invalid, 400, "invalid_request"},
        Case{refund_exceeds_order, 409, "refund_exceeds_order"}}) {
    given.outcome = c.outcome;
    const Received answer = post(of_order("/refunds"), "{}");
    EXPECT_EQ(answer.status, c.status);
    EXPECT_EQ(answer.code(), c.code);
    EXPECT_EQ(post(of_order("/refunds/preview"), "{}").code(), c.code);
  }
  given.outcome = accepted;
  given.refund = sample_refund();
  const Received taken = post(of_order("/refunds"), "{}");
  EXPECT_EQ(taken.status, 202);
  EXPECT_EQ(taken.field("Location"), "/v1/refunds/01890a5d-ac96-774b-bcce-b302099a8058");
  const Received preview = post(of_order("/refunds/preview"), "{}");
  EXPECT_EQ(preview.status, 200);
  EXPECT_FALSE(preview.json().contains("refund_id"));
  EXPECT_FALSE(preview.json().contains("status"));
  given.outcome = replayed;
  EXPECT_EQ(post(of_order("/refunds"), "{}").field("Idempotent-Replayed"), "true");
  given.refund->status = RefundStatus::refunded;
  EXPECT_EQ(post(of_order("/refunds"), "{}", "Prefer: wait=1\r\n").status, 200);
  EXPECT_EQ(post(of_order("/refunds"), R"({"when_incomplete":"preempt"})").status, 202);
}

TEST_F(ResourcesTest, EachStockOutcomeHasItsAnswer) {
  struct Case {
    flows::StockDeskOutcome outcome;
    int status;
    const char* code;
  };
  flows::StockDeskAnswer given;
  world.adjust_stock = [&](const flows::AdjustStock&) { return given; };
  world.set_stock = [&](const flows::SetStock&) { return given; };
  start();
  const std::string_view body = R"({"adjustment_id":"a","delta":5})";
  using enum flows::StockDeskOutcome;
  for (const Case& c : {Case{unknown_sku, 404, "unknown_sku"},
                        Case{adjustment_id_conflict, 409, "adjustment_id_conflict"},
                        Case{out_of_bounds, 400, "invalid_request"},
                        Case{stock_below_reserved, 409, "stock_below_reserved"}}) {
    given.outcome = c.outcome;
    const Received answer = post("/v1/stock/A-1/adjustments", body);
    EXPECT_EQ(answer.status, c.status);
    EXPECT_EQ(answer.code(), c.code);
  }
  given.stock = flows::StockView{Sku{"A-1"}, 5, 5, 0, 5, 0, 0, std::nullopt};
  given.outcome = replayed;
  EXPECT_EQ(post("/v1/stock/A-1/adjustments", body).field("Idempotent-Replayed"), "true");
  given.outcome = done;
  const Received set = Client(port).exchange(with_body("PUT /v1/stock/A-1", R"({"on_hand":5})"));
  EXPECT_EQ(set.status, 200);
  EXPECT_EQ(set.json().at("available"), 5);
}

TEST_F(ResourcesTest, EachReportOutcomeHasItsAnswer) {
  struct Seen {
    OrderId order_id;
    StepName step;
    StepReport report;
  };
  std::vector<Seen> seen;
  flows::ReportAnswer given;
  world.report = [&](OrderId order_id, const StepName& step,
                     const StepReport& report) -> flows::Outcome<flows::ReportAnswer> {
    seen.push_back({order_id, step, report});
    return given;
  };
  start();
  const std::string paid = of_order("/steps/payment");
  const std::string_view body = R"({"outcome":"succeeded","reference":"r-1"})";
  given.aggregate = sample_order();
  given.outcome = ReportOutcome::recorded;
  const Received recorded = post(paid, body);
  EXPECT_EQ(recorded.status, 200);
  EXPECT_EQ(recorded.json().at("order_id").as_string(), kOrderId);
  EXPECT_EQ(recorded.field("Idempotent-Replayed"), "");
  given.outcome = ReportOutcome::repeated;
  const Received repeated = post(paid, body);
  EXPECT_EQ(repeated.status, 200);
  EXPECT_EQ(repeated.field("Idempotent-Replayed"), "true");
  given.outcome = ReportOutcome::given_back;
  EXPECT_EQ(post(paid, R"({"outcome":"failed"})").status, 200);
  given.outcome = ReportOutcome::not_awaiting;
  const Received other = post(paid, body);
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(other.code(), "step_not_awaiting");
  given.outcome = ReportOutcome::unknown_step;
  const Received none = post(of_order("/steps/other"), body);
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(none.code(), "unknown_step");
  stop();
  ASSERT_EQ(seen.size(), 5U);
  EXPECT_EQ(seen[0].order_id.to_string(), kOrderId);
  EXPECT_EQ(seen[0].step, StepName{"payment"});
  EXPECT_EQ(seen[0].report, (StepReport{true, "r-1"}));
  EXPECT_EQ(seen[2].report, (StepReport{false, std::nullopt}));
}

TEST_F(ResourcesTest, ReportsThatCannotBeTakenSayWhy) {
  flows::FailureKind kind = flows::FailureKind::not_found;
  std::size_t asked = 0;
  world.report = [&](OrderId, const StepName&,
                     const StepReport&) -> flows::Outcome<flows::ReportAnswer> {
    ++asked;
    return failure(kind);
  };
  start();
  const std::string paid = of_order("/steps/payment");
  const std::string_view report = R"({"outcome":"succeeded"})";
  const Received unknown = post(paid, report);
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.code(), "unknown_order");
  kind = flows::FailureKind::unavailable;
  const Received away = post(paid, report);
  EXPECT_EQ(away.status, 503);
  EXPECT_EQ(away.code(), "unavailable");
  EXPECT_EQ(away.field("Retry-After"), "3");
  const std::string long_reference(257, 'r');
  struct Case {
    std::string body;
    const char* pointer;
  };
  for (const Case& c :
       {Case{R"({"outcome":"maybe"})", "/outcome"}, Case{R"({"reference":"r"})", "/outcome"},
        Case{R"({"outcome":true})", "/outcome"},
        Case{R"({"outcome":"failed","reference":null})", "/reference"},
        Case{R"({"outcome":"failed","reference":")" + long_reference + "\"}", "/reference"},
        Case{R"({"outcome":"failed","amount":1})", "/amount"}}) {
    const Received answer = post(paid, c.body);
    EXPECT_EQ(answer.status, 400) << c.body;
    EXPECT_EQ(answer.code(), "invalid_request") << c.body;
    EXPECT_EQ(answer.json().at("errors").at(0).at("pointer"), c.pointer) << c.body;
  }
  EXPECT_EQ(post(paid, "{").code(), "malformed_json");
  EXPECT_EQ(post("/v1/orders/x/steps/payment", report).code(), "unknown_order");
  stop();
  EXPECT_EQ(asked, 2U);
}

TEST_F(ResourcesTest, OperatorsRunParkedMessagesAgainOrGiveThemUp) {
  std::size_t matching = 2;
  std::string why;
  world.retry_parked = [&](const ParkedFilter& filter,
                           const std::string&) -> flows::Outcome<std::size_t> {
    if (filter.reason == "none") return failure(flows::FailureKind::not_found);
    return matching;
  };
  world.discard_parked = [&](Uuid, const std::string& reason,
                             const std::string&) -> flows::Outcome<bool> {
    why = reason;
    return true;
  };
  const Instant at{std::chrono::milliseconds(1'767'225'600'000)};
  world.parked_groups = [&]() -> flows::Outcome<std::vector<ParkedGroup>> {
    return std::vector<ParkedGroup>{{QueueName{"q"}, "old", 1, at},
                                    {QueueName{"q"}, "new", 2, at + Milliseconds(1)}};
  };
  start();
  const std::string one = "/v1/parked/" + std::string(kOrderId);
  EXPECT_EQ(post("/v1/parked/retry", "{}").body, R"({"retried":2})");
  EXPECT_EQ(post("/v1/parked/retry", R"({"reason":"none"})").body, R"({"retried":0})");
  EXPECT_EQ(post("/v1/parked/retry", "").code(), "malformed_json");
  EXPECT_EQ(post(one + "/retry", "").status, 202);
  EXPECT_EQ(post(one + "/retry", R"({"x":1})").code(), "invalid_request");
  matching = 0;
  EXPECT_EQ(post(one + "/retry", "").code(), "parked_in_use");
  const auto discard = [&](const std::string& query) {
    return Client(port).exchange("DELETE " + one + query + " HTTP/1.1\r\nHost: a\r\n\r\n");
  };
  EXPECT_EQ(discard("").code(), "invalid_request");
  EXPECT_EQ(discard("?reason=").code(), "invalid_request");
  EXPECT_EQ(discard("?reason=sold+by%20hand").status, 202);
  const auto first = fetch("/v1/parked/groups?limit=1").json();
  EXPECT_EQ(first.at("groups").at(0).at("reason"), "new");
  const std::string cursor(first.at("next_cursor").as_string());
  const auto last = fetch("/v1/parked/groups?limit=1&cursor=" + cursor).json();
  EXPECT_EQ(last.at("groups").at(0).at("reason"), "old");
  EXPECT_TRUE(last.at("next_cursor").is_null());
  EXPECT_EQ(fetch("/v1/parked/groups?cursor=x").code(), "invalid_request");
  stop();
  EXPECT_EQ(why, "sold by hand");
}

TEST_F(ResourcesTest, OperationsAnswer) {
  world.dependencies = {{"redis", true, ""}, {"postgres", false, "connection refused"}};
  world.on_repair = [](const std::string&) -> flows::Outcome<flows::ReconciliationReport> {
    return flows::ReconciliationReport{};
  };
  start();
  EXPECT_EQ(post("/v1/worker/pause", "").body, R"({"paused":true})");
  EXPECT_EQ(post("/v1/worker/resume", "{}").body, R"({"paused":false})");
  EXPECT_EQ(post("/v1/reconciliation/repair", "").json().at("balanced"), false);
  const Received readiness = fetch("/readyz");
  EXPECT_EQ(readiness.status, 503);
  EXPECT_EQ(readiness.body, R"({"status":"not_ready","dependencies":{"redis":{"ready":true},)"
                            R"("postgres":{"ready":false,"detail":"connection refused"}}})");
  EXPECT_EQ(fetch("/metrics").body, "holdfast_up 1\n");
  EXPECT_EQ(fetch("/v1/status").json().at("backlog"), 0);
  EXPECT_TRUE(fetch("/openapi.json").json().contains("paths"));
  const Received unknown = fetch("/v1/events");
  EXPECT_EQ(unknown.code(), "not_found");
  const Received method = Client(port).exchange("PATCH /v1/orders HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(method.code(), "method_not_allowed");
  EXPECT_EQ(method.field("Allow"), "POST, GET, HEAD");
}

}  // namespace
}  // namespace holdfast::http
