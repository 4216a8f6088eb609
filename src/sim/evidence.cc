#include "sim/evidence.h"

#include <boost/json/parse.hpp>
#include <utility>

#include "sim/world.h"

namespace holdfast::sim {
namespace {

namespace json = boost::json;
using sqlite::Session;

std::string text_of(const json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

std::int64_t number_of(const json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

bool flag_of(const json::object& object, const char* name, bool otherwise) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
}

std::vector<LineEvidence> lines_of(const std::string& text) {
  std::vector<LineEvidence> lines;
  const auto parsed = json::parse(text);
  for (const auto& value : parsed.as_array()) {
    const auto& object = value.as_object();
    lines.push_back({text_of(object, "sku"), number_of(object, "quantity"),
                     number_of(object, "unit_price"), flag_of(object, "restock", true)});
  }
  return lines;
}

std::vector<StepEvidence> steps_of(const std::string& text) {
  std::vector<StepEvidence> steps;
  const auto parsed = json::parse(text);
  for (const auto& value : parsed.as_array()) {
    const auto& object = value.as_object();
    steps.push_back({text_of(object, "name"), text_of(object, "kind"), text_of(object, "status"),
                     flag_of(object, "outcome_unknown", false)});
  }
  return steps;
}

/// A cause is the 16 bytes of an id, or a name.
std::string cause_of(sqlite::Rows& row) {
  const auto bytes = row.take<sqlite::Bytes>().value;
  if (bytes.size() != 16) return bytes;
  Uuid uuid;
  std::copy(bytes.begin(), bytes.end(), uuid.bytes.begin());
  return uuid.to_string();
}

void read_orders(Session& book, Evidence& evidence) {
  auto rows = book.query(
      "select order_id, user_id, status, amount, refunded_amount, points_earned, "
      "lines, steps from book_orders order by order_id");
  while (rows.next()) {
    OrderEvidence order;
    order.id = rows.take<Uuid>().to_string();
    order.user = rows.take<std::string>();
    order.status = rows.take<std::string>();
    order.amount = rows.take<std::int64_t>();
    order.refunded_amount = rows.take<std::int64_t>();
    order.points_earned = rows.take<std::int64_t>();
    order.lines = lines_of(rows.take<std::string>());
    order.steps = steps_of(rows.take<std::string>());
    evidence.orders.emplace(order.id, std::move(order));
  }
}

void read_refunds(Session& book, Evidence& evidence) {
  auto rows = book.query(
      "select refund_id, order_id, status, amount, lines from book_refunds "
      "order by refund_id");
  while (rows.next()) {
    RefundEvidence refund;
    refund.id = rows.take<Uuid>().to_string();
    refund.order_id = rows.take<Uuid>().to_string();
    refund.status = rows.take<std::string>();
    refund.amount = rows.take<std::int64_t>();
    refund.lines = lines_of(rows.take<std::string>());
    evidence.refunds.emplace(refund.id, std::move(refund));
  }
}

std::vector<MovementEvidence> read_movements(Session& book, std::string_view sql) {
  std::vector<MovementEvidence> movements;
  auto rows = book.query(sql);
  while (rows.next()) {
    MovementEvidence movement;
    movement.kind = rows.take<std::string>();
    movement.cause = cause_of(rows);
    movement.subject = rows.take<std::string>();
    movement.delta = rows.take<std::int64_t>();
    movements.push_back(std::move(movement));
  }
  return movements;
}

void read_book(Session& book, Evidence& evidence) {
  read_orders(book, evidence);
  read_refunds(book, evidence);
  auto stock = book.query("select sku, loaded, sold, returned, purchase_limit from book_stock");
  while (stock.next()) {
    auto& row = evidence.stock[stock.take<std::string>()];
    row.loaded = stock.take<std::int64_t>();
    row.sold = stock.take<std::int64_t>();
    row.returned = stock.take<std::int64_t>();
    row.purchase_limit = stock.take<std::optional<std::int64_t>>();
  }
  evidence.stock_journal =
      read_movements(book, "select kind, cause, sku, delta from book_stock_journal order by id");
  evidence.points_journal = read_movements(
      book, "select kind, cause, user_id, delta from book_points order by user_id, seq");
  auto points = book.query("select user_id, balance from book_points order by user_id, seq");
  while (points.next()) {
    const auto user = points.take<std::string>();
    evidence.points[user] = points.take<std::int64_t>();
  }
  auto given_up = book.query("select detail from book_audit where action = 'parked.discard'");
  while (given_up.next()) evidence.given_up.push_back(given_up.take<std::string>());
  evidence.parked = book.first<std::int64_t>("select count(*) from book_parked").value_or(0);
  evidence.pending_changes =
      book.first<std::int64_t>("select count(*) from book_stock_changes where state = 'pending'")
          .value_or(0);
}

constexpr std::string_view kRefused = "book/";  // begins the key of such a fault
constexpr std::string_view kOutboxCount = "select count(*) from ledger_outbox";
constexpr std::string_view kUnsettledCount =
    "select count(*) from ledger_journal where expires_at is null";
constexpr std::string_view kQueuedCount =
    "select (select count(*) from bus_messages) + (select count(*) from bus_delayed)";

void read_levels(Session& ledger, Evidence& evidence) {
  auto rows = ledger.query(
      "select sku, available, reserved, purchase_limit, limit_changing from ledger_stock "
      "where available is not null");
  while (rows.next()) {
    auto& level = evidence.levels[rows.take<std::string>()];
    level.available = rows.take<std::int64_t>();
    level.reserved = rows.take<std::int64_t>();
    level.purchase_limit = rows.take<std::optional<std::int64_t>>();
    level.limit_changing = rows.take<bool>();
  }
  auto bought = ledger.query("select sku, user_id, units from ledger_bought");
  while (bought.next()) {
    const auto sku = bought.take<std::string>();
    const auto user = bought.take<std::string>();
    evidence.levels[sku].bought[user] = bought.take<std::int64_t>();
  }
}

std::int64_t count(sqlite::Database& database, std::string_view sql) {
  std::int64_t counted = 0;
  database.run_now(
      [&](Session& session) { counted = session.first<std::int64_t>(sql).value_or(0); });
  return counted;
}

}  // namespace

Evidence gather(World& world) {
  Evidence evidence;
  Storage& storage = world.storage();
  storage.book().run_now([&](Session& book) { read_book(book, evidence); });
  storage.ledger().run_now([&](Session& ledger) { read_levels(ledger, evidence); });
  evidence.outbox = count(storage.ledger(), kOutboxCount);
  evidence.unsettled = count(storage.ledger(), kUnsettledCount);
  evidence.queued = count(storage.bus(), kQueuedCount);
  evidence.provided = world.provider().records();
  evidence.sales = world.sales();
  evidence.tells_events = world.tuning().tells_events;
  evidence.heard = world.heard();
  evidence.history = world.history();
  evidence.workload = world.workload();
  evidence.retention = world.tuning().retention;
  for (const auto& fault : world.faults().fired()) {
    const bool is_of_book = fault.key.find("/book") != std::string::npos;
    if (is_of_book) evidence.book_failed = true;
    if (fault.key.starts_with(kRefused)) {
      evidence.refused_orders.insert(
          fault.key.substr(kRefused.size(), fault.key.rfind('/') - kRefused.size()));
    }
    if (!fault.key.starts_with("world/ledger_loses")) continue;
    evidence.ledger_lost_data = true;
    evidence.ledger_losses.push_back(fault.at);
  }
  return evidence;
}

std::string ledger_generation(Storage& storage) {
  std::optional<std::string> generation;
  storage.ledger().run_now([&](Session& ledger) {
    auto rows = ledger.query("select generation from ledger_state");
    if (rows.next()) generation = rows.take<std::optional<std::string>>();
  });
  return generation.value_or("");
}

HeardEvent heard_event(Storage& storage, const std::string& body) {
  const auto event = json::parse(body).as_object();
  HeardEvent heard;
  heard.id = text_of(event, "id");
  heard.type = text_of(event, "type");
  heard.subject = text_of(event, "subject");
  const auto subject = parse_uuid(heard.subject);
  if (!subject) return heard;
  storage.book().run_now([&](Session& book) {
    const std::string_view sql = heard.type.starts_with("refund.")
                                     ? "select status from book_refunds where refund_id = ?1"
                                     : "select status from book_orders where order_id = ?1";
    heard.standing = book.first<std::string>(sql, *subject).value_or("");
  });
  return heard;
}

bool has_order(Storage& storage, const OrderId& order_id) {
  std::int64_t found = 0;
  storage.book().run_now([&](Session& book) {
    constexpr std::string_view kCount = "select count(*) from book_orders where order_id = ?1";
    found = book.first<std::int64_t>(kCount, order_id.value).value_or(0);
  });
  return found != 0;
}

std::string unrest(Storage& storage) {
  struct Question {
    const char* what;
    sqlite::Database& where;
    std::string_view sql;
  };
  const Question questions[] = {
      {"orders under way", storage.book(),
       "select count(*) from book_orders where status in ('processing', 'cancelling')"},
      {"refunds under way", storage.book(),
       "select count(*) from book_refunds where status in "
       "('waiting', 'reversing', 'needs_attention')"},
      {"refunds not given back", storage.book(),
       "select count(*) from book_refunds where status = 'refunded' and stock_released = 0"},
      {"cancelled orders not given back", storage.book(),
       "select count(*) from book_orders where status = 'cancelled' and stock_released = 0"},
      {"changes of stock begun", storage.book(),
       "select count(*) from book_stock_changes where state = 'pending'"},
      {"purchase limits begun", storage.book(),
       "select count(*) from book_stock where limit_pending_since is not null"},
      {"events not told", storage.book(), "select count(*) from book_events"},
      {"messages parked", storage.book(), "select count(*) from book_parked"},
      {"orders in the outbox", storage.ledger(), kOutboxCount},
      {"orders not settled", storage.ledger(), kUnsettledCount},
      {"messages queued", storage.bus(), kQueuedCount}};
  std::string text;
  for (const auto& question : questions) {
    const auto found = count(question.where, question.sql);
    if (found == 0) continue;
    text += (text.empty() ? "" : ", ") + std::to_string(found) + " " + question.what;
  }
  return text;
}

}  // namespace holdfast::sim
