#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <utility>

#include "sim/evidence.h"
#include "sim/world.h"

// What clients do: they send operations to a process, know its answer or never get one, and send
// again under the same ids while they have none.

namespace holdfast::sim {
namespace {

constexpr Milliseconds kClientPatience{4'000};
constexpr Milliseconds kSetUpPause{100};

std::string word_of(flows::PlaceOutcome outcome) {
  switch (outcome) {
    case flows::PlaceOutcome::unknown_plan: return "unknown_plan";
    case flows::PlaceOutcome::rebuilding: return "rebuilding";
    case flows::PlaceOutcome::unavailable: return "unavailable";
    case flows::PlaceOutcome::replayed: return "replayed";
    case flows::PlaceOutcome::conflict: return "conflict";
    case flows::PlaceOutcome::overloaded: return "overloaded";
    case flows::PlaceOutcome::unknown_sku: return "unknown_sku";
    case flows::PlaceOutcome::out_of_stock: return "out_of_stock";
    case flows::PlaceOutcome::limit_exceeded: return "limit_exceeded";
    case flows::PlaceOutcome::accepted: return "accepted";
  }
  HF_UNREACHABLE("PlaceOutcome");
}

std::string word_of(RefundRequestOutcome outcome) {
  switch (outcome) {
    case RefundRequestOutcome::unknown_order: return "unknown_order";
    case RefundRequestOutcome::conflict: return "conflict";
    case RefundRequestOutcome::replayed: return "replayed";
    case RefundRequestOutcome::order_cancelled: return "order_cancelled";
    case RefundRequestOutcome::already_refunded: return "already_refunded";
    case RefundRequestOutcome::invalid: return "invalid";
    case RefundRequestOutcome::refund_exceeds_order: return "refund_exceeds_order";
    case RefundRequestOutcome::accepted: return "accepted";
  }
  HF_UNREACHABLE("RefundRequestOutcome");
}

std::string word_of(ReportOutcome outcome) {
  switch (outcome) {
    case ReportOutcome::unknown_step: return "unknown_step";
    case ReportOutcome::not_awaiting: return "not_awaiting";
    case ReportOutcome::repeated: return "repeated";
    case ReportOutcome::recorded: return "recorded";
    case ReportOutcome::given_back: return "given_back";
  }
  HF_UNREACHABLE("ReportOutcome");
}

Knowledge knowledge_of(flows::PlaceOutcome outcome) {
  switch (outcome) {
    case flows::PlaceOutcome::accepted:
    case flows::PlaceOutcome::replayed: return Knowledge::ok;
    case flows::PlaceOutcome::unavailable: return Knowledge::unknown;
    default: return Knowledge::refused;
  }
}

OrderRequest order_request(const Operation& operation) {
  OrderRequest request;
  request.order_id = operation.order_id;
  request.user_id = UserId{operation.user};
  request.currency = Currency{"CNY"};
  request.plan = PlanName{operation.plan};
  for (const auto& line : operation.lines) {
    request.lines.push_back({Sku{line.sku}, Quantity{line.quantity}, Money{line.unit_price}});
  }
  return request;
}

RefundRequest refund_request(const Operation& operation) {
  RefundRequest request;
  request.refund_id = operation.refund_id;
  request.when_incomplete = operation.preempts ? WhenIncomplete::preempt : WhenIncomplete::wait;
  if (operation.lines.empty()) return request;
  request.lines.emplace();
  for (const auto& line : operation.lines) {
    RefundLine part;
    part.sku = Sku{line.sku};
    part.quantity = Quantity{line.quantity};
    part.restock = line.restock;
    request.lines->push_back(std::move(part));
  }
  return request;
}

}  // namespace

void World::plan_operations() {
  history_.operations = workload_.operations;
  for (const auto& operation : workload_.operations) {
    if (choice_.operations && !choice_.operations->contains(operation.number)) continue;
    later(operation.after,
          [this, number = operation.number, tries = operation.tries] { send(number, tries); });
  }
}

void World::send(std::size_t number, int tries_left) {
  const Operation& operation = history_.operations[number];
  if (operation.refusals != 0) faults_.refuse(operation.order_id.to_string(), operation.refusals);
  const std::size_t sending = history_.sendings.size();
  Process* const process = some_process();
  Sending sent;
  sent.operation = number;
  sent.process = process == nullptr ? "nobody" : process->name();
  sent.sent_at = scheduler_.now();
  sent.was_settled =
      operation.kind == OperationKind::place && has_order(storage_, operation.order_id);
  history_.sendings.push_back(std::move(sent));
  if (process != nullptr) {
    switch (operation.kind) {
      case OperationKind::place: send_place(*process, operation, sending); break;
      case OperationKind::refund: send_refund(*process, operation, sending); break;
      case OperationKind::report: send_report(*process, operation, sending); break;
      case OperationKind::adjust:
      case OperationKind::set_stock: send_stock(*process, operation, sending); break;
      case OperationKind::retry_parked: send_retry(*process, sending); break;
      case OperationKind::discard_parked: send_discard(*process, sending); break;
      case OperationKind::look: send_look(*process, operation, sending); break;
      case OperationKind::browse: send_browse(*process, operation, sending); break;
      case OperationKind::reconcile: send_reconcile(*process, sending); break;
      case OperationKind::lose_ledger:
        faults_.fired("world/ledger_loses_all/planned", scheduler_.now());
        lose_ledger(nullptr);
        break;
    }
  }
  if (tries_left <= 1) return;
  later(kClientPatience, [this, number, sending, tries_left] {
    const Sending& before = history_.sendings[sending];
    const bool again = before.knowledge == Knowledge::unknown || before.answer == "rebuilding" ||
                       before.answer == "unknown_order" || before.answer == "not_awaiting";
    if (again) send(number, tries_left - 1);
  });
}

void World::answer(std::size_t sending, Knowledge knowledge, std::string said,
                   std::string standing) {
  Sending& sent = history_.sendings[sending];
  sent.answered_at = scheduler_.now();
  sent.knowledge = knowledge;
  sent.answer = std::move(said);
  sent.standing = std::move(standing);
}

void World::send_place(Process& process, const Operation& operation, std::size_t sending) {
  flows::PlaceCommand command;
  command.request = order_request(operation);
  command.order_id = operation.order_id;
  command.id_from_client = true;
  boost::asio::co_spawn(
      process.executor(), process.admission.place(std::move(command)),
      [this, sending](std::exception_ptr thrown, const flows::PlaceAnswer& said) {
        if (thrown) std::rethrow_exception(thrown);
        const std::string standing =
            said.order ? std::string(to_string(said.order->order.status)) : std::string();
        answer(sending, knowledge_of(said.outcome), word_of(said.outcome), standing);
        history_.sendings[sending].is_durable = said.durability == flows::Durability::queued;
      });
}

void World::send_refund(Process& process, const Operation& operation, std::size_t sending) {
  flows::RefundCommand command;
  command.order_id = operation.order_id;
  command.refund_id = operation.refund_id;
  command.request = refund_request(operation);
  boost::asio::co_spawn(
      process.executor(), process.refunds.request(std::move(command)),
      [this, sending](std::exception_ptr thrown, const flows::Outcome<flows::RefundAnswer>& said) {
        if (thrown) std::rethrow_exception(thrown);
        if (!said) return answer(sending, Knowledge::unknown, said.error().detail, "");
        const bool ok = said->outcome == RefundRequestOutcome::accepted ||
                        said->outcome == RefundRequestOutcome::replayed;
        const std::string standing =
            said->refund ? std::string(to_string(said->refund->status)) : std::string();
        answer(sending, ok ? Knowledge::ok : Knowledge::refused, word_of(said->outcome), standing);
      });
}

void World::send_report(Process& process, const Operation& operation, std::size_t sending) {
  StepReport report;
  report.succeeded = operation.succeeded;
  if (operation.succeeded) report.reference = "bank-" + std::to_string(operation.number);
  boost::asio::co_spawn(
      process.executor(),
      process.reports.report(operation.order_id, StepName{"buyer"}, std::move(report)),
      [this, sending](std::exception_ptr thrown, const flows::Outcome<flows::ReportAnswer>& said) {
        if (thrown) std::rethrow_exception(thrown);
        if (!said) return answer(sending, Knowledge::unknown, said.error().detail, "");
        const bool ok = said->outcome == ReportOutcome::recorded ||
                        said->outcome == ReportOutcome::repeated ||
                        said->outcome == ReportOutcome::given_back;
        answer(sending, ok ? Knowledge::ok : Knowledge::refused, word_of(said->outcome), "");
      });
}

void World::send_stock(Process& process, const Operation& operation, std::size_t sending) {
  const auto record = [this, sending](std::exception_ptr thrown,
                                      const flows::Outcome<flows::StockDeskAnswer>& said) {
    if (thrown) std::rethrow_exception(thrown);
    if (!said) return answer(sending, Knowledge::unknown, said.error().detail, "");
    const bool ok = said->outcome == flows::StockDeskOutcome::done ||
                    said->outcome == flows::StockDeskOutcome::replayed;
    answer(sending, ok ? Knowledge::ok : Knowledge::refused, ok ? "done" : "refused", "");
  };
  const Sku sku{operation.lines.front().sku};
  if (operation.kind == OperationKind::adjust) {
    flows::AdjustStock command;
    command.sku = sku;
    command.adjustment_id = operation.adjustment_id;
    command.delta = operation.units;
    boost::asio::co_spawn(process.executor(), process.desk.adjust(std::move(command)), record);
    return;
  }
  flows::SetStock command;
  command.sku = sku;
  command.on_hand = operation.units;
  if (operation.limit || operation.removes_limit) command.purchase_limit.emplace(operation.limit);
  boost::asio::co_spawn(process.executor(), process.desk.set(std::move(command)), record);
}

void World::set_up_stock() {
  std::size_t open = workload_.stock.size();
  for (const auto& stock : workload_.stock) {
    Process& process = *slots_.front()->process;
    boost::asio::co_spawn(process.executor(), set_up_one(process, stock),
                          [&open](const std::exception_ptr& thrown) {
                            if (thrown) std::rethrow_exception(thrown);
                            --open;
                          });
  }
  while (open > 0) scheduler_.step();
}

boost::asio::awaitable<void> World::set_up_one(Process& process, StockAtStart stock) {
  for (;;) {
    flows::SetStock command;
    command.sku = Sku{stock.sku};
    command.on_hand = stock.units;
    if (stock.purchase_limit) command.purchase_limit.emplace(*stock.purchase_limit);
    const auto said = co_await process.desk.set(std::move(command));
    if (said) co_return;
    // Of two processes that found no ledger, the second may close and build it once more.
    co_await process.clock.sleep(kSetUpPause);
  }
}

}  // namespace holdfast::sim
