#include "cli/cli.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <sstream>

#include "cli/doctor.h"
#include "cli/fake_server_test.h"
#include "cli/http_client.h"

// Commands run in this process against a server that answers what the test says.

namespace holdfast::cli {
namespace {

namespace json = boost::json;

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

Outcome holdfast_with(const app::Environment& environment,
                      const std::vector<std::string>& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = run(arguments, environment, out, err);
  return {code, out.str(), err.str()};
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class Cli : public ::testing::Test {
 protected:
  Outcome holdfast(const std::vector<std::string>& arguments) {
    return holdfast_with({{"HOLDFAST_URL", server.url()}}, arguments);
  }
  FakeServer::Request sent() {
    const auto requests = server.requests();
    EXPECT_EQ(requests.size(), 1U);
    return requests.empty() ? FakeServer::Request{} : requests[0];
  }
  json::value sent_body() { return json::parse(sent().body); }

  FakeServer server;
};

TEST(CliUse, WrongUseIsTwo) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {},
           {"plase"},
           {"order"},
           {"order", "gett"},
           {"order", "get"},
           {"place", "--user", "u"},
           {"place", "--user", "u", "--line", "A:1"},
           {"place", "--user", "u", "--line", "A:1:1", "--wait", "61"},
           {"place", "--user", "u", "--line", "A:1:1", "--attribute", "x"},
           {"refund", "ask", "o", "--when-incomplete", "maybe"},
           {"refund", "ask", "o", "--line", "A"},
           {"refund", "ask", "o", "--preempt", "--when-incomplete", "wait"},
           {"order", "report", "o", "payment"},
           {"order", "report", "o", "payment", "maybe"},
           {"stock", "set", "A"},
           {"stock", "set", "A", "many"},
           {"stock", "set", "A", "1", "--purchase-limit", "0"},
           {"parked", "discard", "1"},
           {"parked", "discard", "1", "--reason", ""},
           {"serve", "--role", "api,wrker"},
           {"serve", "--config", "/nonexistent/holdfast.toml"},
           {"status", "--url", "ftp://x"},
           {"status", "--key", "a\nb"},
           {"status", "--bogus"}}) {
    const auto outcome = holdfast_with({{"HOLDFAST_URL", "http://127.0.0.1:1"}}, arguments);
    EXPECT_EQ(outcome.code, kWrongUse) << ::testing::PrintToString(arguments);
    EXPECT_EQ(outcome.out, "") << ::testing::PrintToString(arguments);
    EXPECT_NE(outcome.err, "") << ::testing::PrintToString(arguments);
  }
  EXPECT_TRUE(has(holdfast_with({}, {"plase"}).err, "did you mean \"place\""));
  EXPECT_TRUE(has(holdfast_with({}, {"order", "gett"}).err, "did you mean \"get\""));
}

TEST(CliUse, HelpAndVersionAreFine) {
  const auto help = holdfast_with({}, {"--help"});
  EXPECT_EQ(help.code, kFine);
  for (const auto* command : {"serve", "migrate", "config", "doctor", "place", "order", "refund",
                              "stock", "parked", "reconcile", "status", "worker", "psp"}) {
    EXPECT_TRUE(has(help.out, std::string("\n  ") + command + " ")) << command;
    const auto own = holdfast_with({}, {command, "--help"});
    EXPECT_EQ(own.code, kFine) << command;
    EXPECT_FALSE(has(own.out, "First steps")) << command;
  }
  EXPECT_EQ(holdfast_with({}, {"--version"}).out.substr(0, 9), "holdfast ");
}

TEST(CliUse, AServerThatIsAwayIsThree) {
  const auto outcome = holdfast_with({{"HOLDFAST_URL", "http://127.0.0.1:1"}},
                                     {"place", "--user", "u", "--line", "A:1:1"});
  EXPECT_EQ(outcome.code, kUnreachable);
  EXPECT_TRUE(has(outcome.err, "cannot reach http://127.0.0.1:1")) << outcome.err;
  EXPECT_TRUE(has(outcome.err, "nothing was done")) << outcome.err;
}

TEST(CliUse, ConfigPrintsWhatServeTakes) {
  EXPECT_TRUE(has(holdfast_with({}, {"config"}).out, "\n[refund]\n"));
  const auto shown = holdfast_with({{"HOLDFAST_REFUND_DELAY", "2s"}}, {"config", "--json"});
  EXPECT_EQ(shown.code, kFine);
  EXPECT_TRUE(has(shown.out, R"("default":"30s","value":"2s")"));
  EXPECT_EQ(holdfast_with({{"HOLDFAST_REFUND_DELAY", "2"}}, {"config"}).code, kWrongUse);
}

TEST_F(Cli, PlaceSendsTheOrder) {
  server.answer(202, R"({"order_id":"o-1","status":"accepted","amount":4498,"currency":"EUR",
    "lines":[{"sku":"A-1","quantity":2,"unit_price":1999},{"sku":"B","quantity":1,"unit_price":500}],
    "steps":[{"name":"stock","status":"pending","attempts":0}]})");
  const auto outcome =
      holdfast({"place", "--user", "u-1", "--line", "A-1:2:1999", "--line", "B:1:500", "--currency",
                "EUR", "--order-id", "11111111-1111-7111-8111-111111111111", "--plan", "default",
                "--attribute", "channel=app", "--wait", "3", "--key", "secret"});
  EXPECT_EQ(outcome.code, kFine) << outcome.err;
  EXPECT_EQ(sent().line(), "POST /v1/orders");
  EXPECT_TRUE(has(sent().head, "Authorization: Bearer secret"));
  EXPECT_TRUE(has(sent().head, "Prefer: wait=3"));
  EXPECT_TRUE(has(sent().head, "Content-Type: application/json"));
  EXPECT_FALSE(has(sent().head, "Idempotency-Key"));
  EXPECT_EQ(sent_body(), json::parse(R"({"user_id":"u-1","currency":"EUR",
    "order_id":"11111111-1111-7111-8111-111111111111","plan":"default",
    "attributes":{"channel":"app"},
    "lines":[{"sku":"A-1","quantity":2,"unit_price":1999},{"sku":"B","quantity":1,"unit_price":500}]})"));
  EXPECT_TRUE(has(outcome.out, "order   o-1\nstatus  accepted\namount  4498 EUR (minor units)\n"))
      << outcome.out;
  EXPECT_TRUE(has(outcome.out, "SKU  QUANTITY  UNIT PRICE\nA-1         2        1999\n"))
      << outcome.out;
}

TEST_F(Cli, PlaceMakesAnIdSoThatSendingAgainIsSafe) {
  const auto outcome = holdfast({"place", "--user", "u", "--line", "A:1:1"});  // no answer comes
  EXPECT_EQ(outcome.code, kUnreachable);
  const auto id = std::string(sent_body().at("order_id").as_string());
  EXPECT_EQ(id.size(), 36U);
  EXPECT_TRUE(has(outcome.err, "may have been carried out")) << outcome.err;
  EXPECT_TRUE(has(outcome.err, "--order-id " + id)) << outcome.err;
}

TEST_F(Cli, PlaceWithAnIdempotencyKeyLeavesTheIdToTheServer) {
  server.answer(202, R"({"order_id":"o","status":"accepted"})");
  EXPECT_EQ(holdfast({"place", "--user", "u", "--line", "A:1:1", "--idempotency-key", "k"}).code,
            kFine);
  EXPECT_TRUE(has(sent().head, "Idempotency-Key: k"));
  EXPECT_FALSE(sent_body().as_object().contains("order_id"));
}

TEST_F(Cli, APlacedOrderThatEndedCancelledIsAFailure) {
  server.answer(200, R"({"order_id":"o","status":"cancelled","reason":"stock_mismatch"})");
  const auto outcome = holdfast({"place", "--user", "u", "--line", "A:1:1", "--wait", "5"});
  EXPECT_EQ(outcome.code, kFailed);
  EXPECT_TRUE(has(outcome.out, "stock_mismatch"));
}

TEST_F(Cli, AnOrderShowsItsStepsAndWhatIsTakenBack) {
  server.answer(200, R"({"order_id":"o","status":"cancelling","reason":"step_failed",
    "failed_step":"ship","amount":1,"currency":"EUR","steps":[
    {"name":"payment","status":"done","attempts":3,"reference":"ch_1","updated_at":"t1",
     "compensation":{"status":"running","attempts":8,"error":"HTTP 503","parked":true,
                     "updated_at":"t2"},
     "late":{"status":"done","attempts":1,"reference":"rf_1","updated_at":"t3"}},
    {"name":"mail","status":"unknown","attempts":8,"error":"no answer","parked":true,
     "updated_at":"t4"}]})");
  const auto outcome = holdfast({"order", "get", "o"});
  EXPECT_EQ(outcome.code, kFine) << outcome.err;
  for (const auto* line :
       {"reason       step_failed\nfailed step  ship\n",
        "STEP     STATUS            ATTEMPTS  REFERENCE  UPDATED  ERROR\n"
        "payment  done                     3  ch_1       t1       -\n"
        "mail     unknown (parked)         8  -          t4       no answer\n",
        "TAKEN BACK  BECAUSE                    STATUS            ATTEMPTS  REFERENCE  UPDATED  "
        "ERROR\n"
        "payment     the order is cancelled     running (parked)         8  -          t2       "
        "HTTP 503\n"
        "payment     it was confirmed too late  done                     1  rf_1       t3       "
        "-\n"}) {
    EXPECT_TRUE(has(outcome.out, line)) << line << "in\n" << outcome.out;
  }
}

TEST_F(Cli, ARefundShowsWhatNobodyKnows) {
  server.answer(200, R"({"refund_id":"r","status":"reversing","steps":[{"name":"payment",
    "status":"running","attempts":1,"forward_unknown":true,"updated_at":"t"}]})");
  const auto outcome = holdfast({"refund", "get", "r"});
  EXPECT_TRUE(has(outcome.out, "payment  running (forward unknown)         1")) << outcome.out;
  EXPECT_FALSE(has(outcome.out, "TAKEN BACK")) << outcome.out;
}

TEST_F(Cli, ProblemsAreToldWithTheirDetailsAndWhatToDo) {
  server.answer(409, R"({"type":"t","title":"Out of stock","status":409,"code":"out_of_stock",
    "detail":"not enough units","shortages":[{"sku":"A","requested":3,"available":1}]})");
  auto outcome = holdfast({"place", "--user", "u", "--line", "A:3:1"});
  EXPECT_EQ(outcome.code, kFailed);
  EXPECT_EQ(outcome.out, "");
  EXPECT_TRUE(has(outcome.err, "out_of_stock: not enough units\n  A: 3 wanted, 1 available\n"))
      << outcome.err;
  EXPECT_TRUE(has(outcome.err, "next: ask for less"));

  server.answer(400, R"({"status":400,"code":"invalid_request","detail":"two faults",
    "errors":[{"pointer":"/lines/0/sku","detail":"too\u001blong"},{"pointer":"/user_id","detail":"missing"}]})");
  outcome = holdfast({"order", "list"});
  EXPECT_TRUE(has(outcome.err,
                  "invalid_request: two faults\n  /lines/0/sku: too?long\n"
                  "  /user_id: missing\n"))
      << outcome.err;

  server.answer(503, R"({"status":503,"code":"unavailable","detail":"Redis is away"})",
                "Retry-After: 2\r\n");
  outcome = holdfast({"stock", "get"});
  EXPECT_EQ(outcome.code, kFailed);
  EXPECT_TRUE(has(outcome.err, "asks to wait 2 s")) << outcome.err;

  server.answer(502, "<html>bad gateway</html>\nmore");
  outcome = holdfast({"status"});
  EXPECT_EQ(outcome.code, kFailed);
  EXPECT_TRUE(has(outcome.err, "HTTP 502: <html>bad gateway</html>\n"));

  server.answer(200, "not json");
  EXPECT_EQ(holdfast({"status"}).code, kFailed);
}

TEST_F(Cli, JsonIsTheServersOwnDocument) {
  const std::string body = R"({"orders":[],  "next_cursor":null})";
  server.answer(200, body);
  EXPECT_EQ(holdfast({"order", "list", "--json"}).out, body + "\n");
  const std::string problem = R"({"status":404,"code":"unknown_order","detail":"none"})";
  server.answer(404, problem);
  const auto outcome = holdfast({"--json", "order", "get", "x"});
  EXPECT_EQ(outcome.code, kFailed);
  EXPECT_EQ(outcome.out, problem + "\n");
  EXPECT_TRUE(has(outcome.err, "unknown_order: none"));
}

TEST_F(Cli, EachCommandCallsItsEndpoint) {
  struct Row {
    std::vector<std::string> arguments;
    std::string line;
    std::string body;
  };
  const std::vector<Row> rows = {
      {{"order", "get", "a/b"}, "GET /v1/orders/a%2Fb", ""},
      {{"order", "list", "--user", "u 1", "--status", "completed", "--sku", "A", "--limit", "5",
        "--cursor", "c="},
       "GET /v1/orders?user_id=u%201&status=completed&sku=A&limit=5&cursor=c%3D",
       ""},
      {{"order", "list"}, "GET /v1/orders", ""},
      {{"refund", "ask", "o", "--refund-id", "r", "--line", "A:1:norestock", "--reason", "why",
        "--when-incomplete", "preempt"},
       "POST /v1/orders/o/refunds",
       R"({"refund_id":"r","lines":[{"sku":"A","quantity":1,"restock":false}],
           "reason":"why","when_incomplete":"preempt"})"},
      {{"refund", "ask", "o", "--refund-id", "r", "--preempt"},
       "POST /v1/orders/o/refunds",
       R"({"refund_id":"r","when_incomplete":"preempt"})"},
      {{"order", "report", "o", "a/b", "succeeded", "--reference", "r-1"},
       "POST /v1/orders/o/steps/a%2Fb",
       R"({"outcome":"succeeded","reference":"r-1"})"},
      {{"order", "report", "o", "payment", "failed"},
       "POST /v1/orders/o/steps/payment",
       R"({"outcome":"failed"})"},
      {{"refund", "preview", "o"}, "POST /v1/orders/o/refunds/preview", "{}"},
      {{"refund", "get", "r"}, "GET /v1/refunds/r", ""},
      {{"refund", "list", "--order", "o", "--status", "waiting"},
       "GET /v1/refunds?order_id=o&status=waiting",
       ""},
      {{"stock", "get"}, "GET /v1/stock", ""},
      {{"stock", "get", "A:1"}, "GET /v1/stock/A%3A1", ""},
      {{"stock", "set", "A", "100"}, "PUT /v1/stock/A", R"({"on_hand":100})"},
      {{"stock", "set", "A", "100", "--purchase-limit", "2"},
       "PUT /v1/stock/A",
       R"({"on_hand":100,"purchase_limit":2})"},
      {{"stock", "set", "A", "100", "--purchase-limit", "none"},
       "PUT /v1/stock/A",
       R"({"on_hand":100,"purchase_limit":null})"},
      {{"stock", "adjust", "A", "-5", "--adjustment-id", "x", "--reason", "broken"},
       "POST /v1/stock/A/adjustments",
       R"({"adjustment_id":"x","delta":-5,"reason":"broken"})"},
      {{"stock", "adjust", "A", "+50", "--adjustment-id", "y"},
       "POST /v1/stock/A/adjustments",
       R"({"adjustment_id":"y","delta":50})"},
      {{"stock", "journal", "A", "--limit", "3"}, "GET /v1/stock/A/journal?limit=3", ""},
      {{"parked", "list", "--queue", "q", "--reason", "r", "--order", "o"},
       "GET /v1/parked?queue=q&reason=r&order_id=o",
       ""},
      {{"parked", "groups"}, "GET /v1/parked/groups", ""},
      {{"parked", "retry", "7"}, "POST /v1/parked/7/retry", ""},
      {{"parked", "retry-all", "--queue", "q"}, "POST /v1/parked/retry", R"({"queue":"q"})"},
      {{"parked", "discard", "7", "--reason", "a&b"}, "DELETE /v1/parked/7?reason=a%26b", ""},
      {{"status"}, "GET /v1/status", ""},
      {{"worker", "pause"}, "POST /v1/worker/pause", ""},
      {{"worker", "resume"}, "POST /v1/worker/resume", ""},
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    server.answer(200, "{}");
    const auto outcome = holdfast(rows[i].arguments);
    ASSERT_EQ(outcome.code, kFine) << rows[i].line << ": " << outcome.err;
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), i + 1) << rows[i].line;
    EXPECT_EQ(requests[i].line(), rows[i].line);
    if (rows[i].body.empty()) {
      EXPECT_EQ(requests[i].body, "") << rows[i].line;
    } else {
      EXPECT_EQ(json::parse(requests[i].body), json::parse(rows[i].body)) << rows[i].line;
    }
  }
}

TEST_F(Cli, ReconcileIsOneWhenTheBooksDoNotBalance) {
  server.answer(200, R"({"balanced":true,"skus":[{"sku":"A","loaded":10,"sold":10}]})");
  const auto fine = holdfast({"reconcile"});
  EXPECT_EQ(fine.code, kFine);
  EXPECT_TRUE(has(fine.out, "sku  loaded  sold\nA        10    10\n")) << fine.out;
  server.answer(200, R"({"balanced":false,"skus":[]})");
  const auto off = holdfast({"reconcile"});
  EXPECT_EQ(off.code, kFailed);
  EXPECT_TRUE(has(off.out, "--repair"));
  server.answer(200, R"({"balanced":true})");
  EXPECT_EQ(holdfast({"reconcile", "--repair", "--json"}).code, kFine);
  EXPECT_EQ(server.requests().back().line(), "POST /v1/reconciliation/repair");
  server.answer(200, "{}");
  EXPECT_EQ(holdfast({"reconcile"}).code, kFailed);
}

TEST_F(Cli, ARefundThatNeedsAnOperatorIsAFailureOfAskButNotOfGet) {
  const std::string body = R"({"refund_id":"r","status":"needs_attention"})";
  server.answer(200, body);
  EXPECT_EQ(holdfast({"refund", "ask", "o", "--wait", "1"}).code, kFailed);
  server.answer(200, body);
  EXPECT_EQ(holdfast({"refund", "get", "r"}).code, kFine);
}

TEST_F(Cli, ListsSayHowToGoOn) {
  server.answer(200, R"({"stock":[{"sku":"A","available":1,"purchase_limit":null}],
    "next_cursor":"abc"})");
  EXPECT_TRUE(has(holdfast({"stock", "get"}).out, "\nmore: --cursor abc\n"));
}

TEST_F(Cli, TheOptionBeatsTheVariable) {
  server.answer(200, "{}");
  const auto outcome =
      holdfast_with({{"HOLDFAST_URL", "http://127.0.0.1:1"}, {"HOLDFAST_KEY", "from-variable"}},
                    {"status", "--url", server.url() + "/"});
  EXPECT_EQ(outcome.code, kFine) << outcome.err;
  EXPECT_EQ(sent().line(), "GET /v1/status");
  EXPECT_TRUE(has(sent().head, "Bearer from-variable"));
}

TEST(HttpClient, EncodesAllButTheUnreserved) {
  EXPECT_EQ(url_encoded("aZ9-._~"), "aZ9-._~");
  EXPECT_EQ(url_encoded("a b&c=d/e?\xE5"), "a%20b%26c%3Dd%2Fe%3F%E5");
}

TEST(Doctor, ComparesVersions) {
  EXPECT_TRUE(version_at_least("7.0.15", 7, 0));
  EXPECT_TRUE(version_at_least("4.0", 3, 10));
  EXPECT_TRUE(version_at_least("3.10.8", 3, 10));
  EXPECT_FALSE(version_at_least("3.9.29", 3, 10));
  EXPECT_FALSE(version_at_least("6.2", 7, 0));
  EXPECT_FALSE(version_at_least("of unknown version", 1, 0));
}

TEST(Doctor, NamesTheServersThatAreAway) {
  const auto outcome =
      holdfast_with({{"HOLDFAST_REDIS_URL", "redis://:hunter2@127.0.0.1:1/0"},
                     {"HOLDFAST_RABBITMQ_URL", "amqp://u:hunter2@127.0.0.1:1/%2f"},
                     {"HOLDFAST_POSTGRES_URL", "postgresql://u:hunter2@127.0.0.1:1/d"},
                     {"HOLDFAST_HTTP_LISTEN", "127.0.0.1:0"}},
                    {"doctor"});
  EXPECT_EQ(outcome.code, kUnreachable);
  EXPECT_TRUE(has(outcome.out, "fail  redis       redis://:***@127.0.0.1:1/0 is not reached"))
      << outcome.out;
  EXPECT_TRUE(has(outcome.out, "fail  rabbitmq    amqp://u:***@127.0.0.1:1/")) << outcome.out;
  EXPECT_TRUE(has(outcome.out, "fail  postgres    postgresql://u:***@127.0.0.1:1/d"))
      << outcome.out;
  EXPECT_TRUE(has(outcome.out, "ok    http")) << outcome.out;
  EXPECT_FALSE(has(outcome.out, "hunter2")) << outcome.out;
}

TEST(Doctor, AFaultyConfigurationIsOne) {
  const auto outcome = holdfast_with({{"HOLDFAST_HTTP_LISTEN", "0.0.0.0:80"}}, {"doctor"});
  EXPECT_EQ(outcome.code, kFailed);
  EXPECT_TRUE(has(outcome.out, "fail  config      HOLDFAST_HTTP_LISTEN: ")) << outcome.out;
}

}  // namespace
}  // namespace holdfast::cli
