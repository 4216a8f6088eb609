#include "flows/admission.h"

#include <utility>

#include "async/fault_point.h"
#include "codec/order_json.h"
#include "domain/assert.h"
#include "domain/defects.h"
#include "domain/digest.h"

namespace holdfast::flows {
namespace {

PlaceAnswer answer_of(PlaceOutcome outcome, const PlaceCommand& command, std::string detail = {}) {
  PlaceAnswer answer;
  answer.outcome = outcome;
  answer.order_id = command.order_id;
  answer.detail = std::move(detail);
  return answer;
}

std::string fingerprint_of(const PlaceCommand& command) {
  return sha256_hex(canonical_content(command.request));
}

ReserveRequest reserve_request(const Order& order, std::string generation, Instant at,
                               std::int64_t outbox_max) {
  ReserveRequest request;
  request.payload = codec::to_payload(order, generation);
  request.generation = std::move(generation);
  request.order_id = order.id;
  request.reservation_id = order.reservation_id;
  request.fingerprint = order.fingerprint;
  request.user_id = order.user_id;
  request.lines = units_of(order.lines);
  request.at = at;
  request.outbox_max = outbox_max;
  return request;
}

/// Counts an order for as long as it lives.
class InFlight {
 public:
  explicit InFlight(std::size_t& count) : count_(count) { ++count_; }
  ~InFlight() { --count_; }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  std::size_t& count_;
};

}  // namespace

Admission::Admission(Ports ports, const std::map<std::string, Plan>& plans,
                     AdmissionOptions options)
    : ports_(ports), options_(options) {
  for (const auto& [name, plan] : plans) plans_.emplace(name, planned_order(plan));
}

boost::asio::awaitable<PlaceAnswer> Admission::place(PlaceCommand command) {
  const auto plan = plans_.find(command.request.plan.value);
  if (plan == plans_.end()) co_return co_await answer_unplanned(std::move(command));
  const auto& generation = ports_.guard.generation();
  if (!generation) {
    const bool away = !ports_.ledger.connected();
    co_return answer_of(away ? PlaceOutcome::unavailable : PlaceOutcome::rebuilding, command,
                        ports_.guard.closed_because());
  }
  const InFlight counted(in_flight_);
  const auto room = this->room();
  const auto shortage = gate_.shortage_of(command.request, ports_.clock.now());
  if (command.id_from_client) {
    if (shortage) co_return co_await answer_sold_out(std::move(command), *shortage);
  } else {
    // Nobody's repeat: the ledger need not be asked.
    if (room == 0) co_return answer_of(PlaceOutcome::overloaded, command);
    if (shortage) {
      auto answer = answer_of(PlaceOutcome::out_of_stock, command);
      answer.shortages.push_back(*shortage);
      co_return answer;
    }
  }
  co_return co_await place_under(std::move(command), plan->second, *generation, room);
}

std::int64_t Admission::room() const {
  const auto part = ports_.guard.backlog().room(options_.max_backlog, ports_.clock.now());
  const auto allowed = part * static_cast<double>(options_.max_in_flight);
  return static_cast<double>(in_flight_) > allowed ? 0 : options_.outbox_max;
}

boost::asio::awaitable<PlaceAnswer> Admission::place_under(PlaceCommand command,
                                                           const PlannedOrder& plan,
                                                           std::string generation,
                                                           std::int64_t room) {
  const auto now = ports_.clock.now();
  const auto fingerprint = fingerprint_of(command);
  Order order =
      make_order(command.request, plan,
                 NewOrder{command.order_id, ReservationId{ports_.ids.next()}, fingerprint, now});
  auto request = reserve_request(order, generation, now, room);
  auto payload = request.payload;
  RepeatLookup::Answer in_book;
  if (command.id_from_client) in_book = ports_.repeats.begin(command.order_id);
  auto reserved = co_await ports_.ledger.reserve(std::move(request));
  if (!reserved) {
    co_return answer_of(PlaceOutcome::unavailable, command, reserved.error().detail);
  }
  const std::optional<bool> known = in_book ? co_await in_book->wait() : false;
  if (reserved->outcome != ReserveOutcome::reserved) {
    if (reserved->outcome == ReserveOutcome::out_of_stock) gate_.saw(reserved->shortages, now);
    co_return co_await answer_refusal(std::move(command), std::move(*reserved), known, fingerprint);
  }
  for (const auto& line : order.lines) gate_.open(line.sku);
  // Here the process may die: the order is in journal and outbox; the sweep publishes it.
  HF_FAULT_POINT("reserved_before_publish");
  ports_.guard.saw(reserved->outbox_id);
  OutboxItem item{std::move(reserved->outbox_id), std::move(payload)};
  if (known.value_or(false)) {
    // The repeat of an order that the journal has forgotten: settlement releases what was taken.
    ports_.publisher.enqueue(std::move(item));
    co_return co_await answer_from_book(std::move(command), fingerprint);
  }
  auto answer = answer_of(PlaceOutcome::accepted, command);
  if (options_.ack == AckPolicy::queued) {
    const bool queued = co_await ports_.publisher.publish(std::move(item));
    // Of a ledger that is lost meanwhile nobody knows this id until it is settled, and it could
    // have been taken with other content.
    const bool is_sure = queued && ports_.guard.known_generation() == generation;
    answer.durability = is_sure ? Durability::queued : Durability::reserved;
  } else {
    ports_.publisher.enqueue(std::move(item));
  }
  answer.order = OrderAggregate{std::move(order), {}};
  co_return answer;
}

boost::asio::awaitable<PlaceAnswer> Admission::answer_refusal(PlaceCommand command,
                                                              ReserveResult result,
                                                              std::optional<bool> known,
                                                              std::string fingerprint) {
  auto answer = answer_of(PlaceOutcome::accepted, command);
  switch (result.outcome) {
    case ReserveOutcome::closed:
      ports_.guard.doubt_closed();
      co_return answer_of(PlaceOutcome::rebuilding, command, ports_.guard.closed_because());
    case ReserveOutcome::replayed:
    case ReserveOutcome::conflict:
      co_return co_await answer_repeat(std::move(command), std::move(*result.journal),
                                       std::move(fingerprint));
    case ReserveOutcome::outbox_full: answer.outcome = PlaceOutcome::overloaded; break;
    case ReserveOutcome::busy:
      answer.outcome = PlaceOutcome::rebuilding;
      answer.detail = "the purchase limit of a SKU is being changed";
      break;
    case ReserveOutcome::unknown_sku: answer.outcome = PlaceOutcome::unknown_sku; break;
    case ReserveOutcome::out_of_stock: answer.outcome = PlaceOutcome::out_of_stock; break;
    case ReserveOutcome::limit_exceeded: answer.outcome = PlaceOutcome::limit_exceeded; break;
    case ReserveOutcome::reserved: HF_ASSERT(false);
  }
  if (known.value_or(false)) {
    co_return co_await answer_from_book(std::move(command), std::move(fingerprint));
  }
  // The journal has not got it, and nobody could ask the book: it may be the repeat of an order
  // that was accepted, which is not to be refused.
  if (!known) {
    co_return answer_of(PlaceOutcome::unavailable, command,
                        "PostgreSQL, which may have this order, is away");
  }
  answer.shortages = std::move(result.shortages);
  answer.unknown_skus = std::move(result.unknown_skus);
  answer.limit = std::move(result.limit);
  co_return answer;
}

boost::asio::awaitable<PlaceAnswer> Admission::answer_sold_out(PlaceCommand command,
                                                               Shortage shortage) {
  auto in_book = ports_.repeats.begin(command.order_id);
  auto entry = co_await ports_.ledger.find_journal(command.order_id);
  if (!entry) co_return answer_of(PlaceOutcome::unavailable, command, entry.error().detail);
  const auto known = co_await in_book->wait();
  ReserveResult result;
  if (*entry) {
    result.outcome = ReserveOutcome::replayed;
    result.journal = std::move(**entry);
  } else {
    result.outcome = ReserveOutcome::out_of_stock;
    result.shortages.push_back(std::move(shortage));
  }
  auto fingerprint = fingerprint_of(command);
  co_return co_await answer_refusal(std::move(command), std::move(result), known,
                                    std::move(fingerprint));
}

boost::asio::awaitable<PlaceAnswer> Admission::answer_from_book(PlaceCommand command,
                                                                std::string fingerprint) {
  auto found = co_await ports_.book.find_order(command.order_id);
  if (found && *found) co_return repeat_of(std::move(command), std::move(**found), fingerprint);
  co_return answer_of(PlaceOutcome::unavailable, command,
                      "the order is known; PostgreSQL, which has it, is away");
}

PlaceAnswer Admission::repeat_of(PlaceCommand command, OrderAggregate found,
                                 const std::string& fingerprint) {
  if (found.order.fingerprint != fingerprint && !HF_DEFECT(ignore_order_content)) {
    return answer_of(PlaceOutcome::conflict, command);
  }
  auto answer = answer_of(PlaceOutcome::replayed, command);
  answer.durability = Durability::queued;
  answer.order = std::move(found);
  return answer;
}

boost::asio::awaitable<PlaceAnswer> Admission::answer_repeat(PlaceCommand command,
                                                             JournalEntry entry,
                                                             std::string fingerprint) {
  // The book first: the entry may be of a repeat that was taken for new, and not yet undone, after
  // the journal had forgotten the order.
  auto found = co_await ports_.book.find_order(command.order_id);
  if (found && *found) co_return repeat_of(std::move(command), std::move(**found), fingerprint);
  if (entry.fingerprint != fingerprint && !HF_DEFECT(ignore_order_content)) {
    co_return answer_of(PlaceOutcome::conflict, command);
  }
  auto placed = codec::placed_order_from_payload(entry.payload);
  if (!placed) {
    co_return answer_of(PlaceOutcome::unavailable, command,
                        "the order is accepted; PostgreSQL, which has the rest of it, is away");
  }
  auto answer = answer_of(PlaceOutcome::replayed, command);
  answer.durability = entry.settled ? Durability::queued : Durability::reserved;
  answer.order = OrderAggregate{std::move(placed->order), {}};
  co_return answer;
}

boost::asio::awaitable<PlaceAnswer> Admission::answer_unplanned(PlaceCommand command) {
  if (!command.id_from_client) co_return answer_of(PlaceOutcome::unknown_plan, command);
  auto fingerprint = fingerprint_of(command);
  auto entry = co_await ports_.ledger.find_journal(command.order_id);
  if (entry && *entry) {
    co_return co_await answer_repeat(std::move(command), std::move(**entry),
                                     std::move(fingerprint));
  }
  // The journal may have forgotten it.
  auto found = co_await ports_.book.find_order(command.order_id);
  if (found && *found) co_return repeat_of(std::move(command), std::move(**found), fingerprint);
  if (entry && found) co_return answer_of(PlaceOutcome::unknown_plan, command);
  co_return answer_of(PlaceOutcome::unavailable, command,
                      entry ? found.error().detail : entry.error().detail);
}

}  // namespace holdfast::flows
