#include "http/request_bodies.h"

#include "http/json_reader.h"

namespace holdfast::http {
namespace {

/// What the book keeps of the name that the other side has for what it did.
constexpr std::size_t kMaxReferenceBytes = 256;

std::string text_or_empty(std::optional<std::string_view> text) {
  return text ? std::string(*text) : std::string();
}

/// The faults noted so far and, of `value_errors`, those they do not explain already.
std::optional<Problem> refusal(JsonDocument& document, std::vector<FieldError> value_errors = {}) {
  document.faults().add_unexplained(std::move(value_errors));
  if (document.faults().empty()) return std::nullopt;
  return invalid_fields(document.faults().take());
}

template <class Id>
std::optional<Id> read_id(ObjectReader& reader, std::string_view key) {
  const auto text = reader.text(key, Presence::optional);
  if (!text) return std::nullopt;
  const auto id = Id::parse(*text);
  if (!id) reader.fault(key, "must be a UUID");
  return id;
}

OrderRequestLine read_order_line(JsonDocument& document, JsonDocument::Index index) {
  ObjectReader reader(document, index);
  OrderRequestLine line;
  line.sku.value = text_or_empty(reader.text("sku", Presence::required));
  line.quantity.units = reader.integer("quantity", Presence::required).value_or(0);
  line.unit_price.minor = reader.integer("unit_price", Presence::required).value_or(0);
  reader.finish();
  return line;
}

RefundLine read_refund_line(JsonDocument& document, JsonDocument::Index index) {
  ObjectReader reader(document, index);
  RefundLine line;
  line.sku.value = text_or_empty(reader.text("sku", Presence::required));
  line.quantity.units = reader.integer("quantity", Presence::required).value_or(0);
  line.restock = reader.boolean("restock", Presence::optional).value_or(true);
  reader.finish();
  return line;
}

std::optional<std::string> read_reason(ObjectReader& reader) {
  const auto reason = reader.text("reason", Presence::optional);
  if (!reason) return std::nullopt;
  if (reason->size() > bounds::kMaxReasonBytes) {
    reader.fault("reason", "must be at most " + std::to_string(bounds::kMaxReasonBytes) + " bytes");
  }
  return std::string(*reason);
}

WhenIncomplete read_when_incomplete(ObjectReader& reader) {
  const auto text = reader.text("when_incomplete", Presence::optional);
  if (!text) return WhenIncomplete::wait;
  const auto policy = parse_when_incomplete(*text);
  if (!policy) reader.fault("when_incomplete", "must be `wait` or `preempt`");
  return policy.value_or(WhenIncomplete::wait);
}

}  // namespace

tl::expected<OrderRequest, Problem> read_order_request(JsonDocument& document) {
  ObjectReader reader(document, document.root());
  OrderRequest request;
  request.order_id = read_id<OrderId>(reader, "order_id");
  request.user_id.value = text_or_empty(reader.text("user_id", Presence::required));
  request.currency.code = text_or_empty(reader.text("currency", Presence::required));
  if (const auto lines = reader.array("lines", Presence::required)) {
    request.lines.reserve(lines->size());
    for (const auto line : *lines) request.lines.push_back(read_order_line(document, line));
  }
  if (const auto plan = reader.text("plan", Presence::optional)) request.plan.value = *plan;
  if (const auto attributes = reader.object("attributes", Presence::optional)) {
    for (const auto& [key, value] : ObjectReader(document, *attributes).all_texts()) {
      request.attributes.emplace(key, value);
    }
  }
  reader.finish();
  if (document.node(document.root()).kind != JsonKind::object) {
    return tl::unexpected(*refusal(document));
  }
  if (auto problem = refusal(document, validate(request))) return tl::unexpected(*problem);
  return request;
}

tl::expected<RefundRequest, Problem> read_refund_request(JsonDocument& document) {
  ObjectReader reader(document, document.root());
  RefundRequest request;
  request.refund_id = read_id<RefundId>(reader, "refund_id");
  if (const auto lines = reader.array("lines", Presence::optional)) {
    request.lines.emplace();
    for (const auto line : *lines) request.lines->push_back(read_refund_line(document, line));
  }
  request.reason = read_reason(reader);
  request.when_incomplete = read_when_incomplete(reader);
  reader.finish();
  if (auto problem = refusal(document, validate(request))) return tl::unexpected(*problem);
  return request;
}

tl::expected<flows::SetStock, Problem> read_set_stock(JsonDocument& document, Sku sku) {
  ObjectReader reader(document, document.root());
  flows::SetStock command;
  command.sku = std::move(sku);
  if (const auto on_hand = reader.integer("on_hand", Presence::required)) {
    if (*on_hand < 0 || *on_hand > bounds::kMaxOnHand) {
      reader.fault("on_hand", "must be 0 to " + std::to_string(bounds::kMaxOnHand));
    }
    command.on_hand = *on_hand;
  }
  if (reader.take_null("purchase_limit")) {
    command.purchase_limit.emplace(std::nullopt);
  } else if (const auto limit = reader.integer("purchase_limit", Presence::optional)) {
    if (*limit < 1 || *limit > bounds::kMaxOnHand) {
      reader.fault("purchase_limit", "must be 1 to " + std::to_string(bounds::kMaxOnHand) +
                                         ", or null to remove the limit");
    }
    command.purchase_limit.emplace(*limit);
  }
  reader.finish();
  if (auto problem = refusal(document)) return tl::unexpected(*problem);
  return command;
}

tl::expected<flows::AdjustStock, Problem> read_adjust_stock(JsonDocument& document, Sku sku) {
  ObjectReader reader(document, document.root());
  flows::AdjustStock command;
  command.sku = std::move(sku);
  if (const auto id = reader.text("adjustment_id", Presence::required)) {
    if (!is_valid_name(*id)) {
      reader.fault("adjustment_id", "must be 1 to 64 characters of A-Za-z0-9._:-");
    }
    command.adjustment_id = *id;
  }
  if (const auto delta = reader.integer("delta", Presence::required)) {
    if (*delta < -bounds::kMaxOnHand || *delta > bounds::kMaxOnHand) {
      reader.fault("delta", "must be -" + std::to_string(bounds::kMaxOnHand) + " to " +
                                std::to_string(bounds::kMaxOnHand));
    }
    command.delta = *delta;
  }
  command.reason = read_reason(reader);
  reader.finish();
  if (auto problem = refusal(document)) return tl::unexpected(*problem);
  return command;
}

tl::expected<ParkedFilter, Problem> read_parked_filter(JsonDocument& document) {
  ObjectReader reader(document, document.root());
  ParkedFilter filter;
  if (const auto queue = reader.text("queue", Presence::optional)) {
    if (queue->empty()) reader.fault("queue", "must not be empty; leave it out for all queues");
    filter.queue = QueueName{std::string(*queue)};
  }
  if (const auto reason = reader.text("reason", Presence::optional)) {
    if (reason->empty()) reader.fault("reason", "must not be empty; leave it out for all reasons");
    filter.reason = std::string(*reason);
  }
  filter.order_id = read_id<OrderId>(reader, "order_id");
  reader.finish();
  if (auto problem = refusal(document)) return tl::unexpected(*problem);
  return filter;
}

tl::expected<StepReport, Problem> read_step_report(JsonDocument& document) {
  ObjectReader reader(document, document.root());
  StepReport report;
  if (const auto outcome = reader.text("outcome", Presence::required)) {
    report.succeeded = *outcome == "succeeded";
    if (!report.succeeded && *outcome != "failed") {
      reader.fault("outcome", "must be `succeeded` or `failed`");
    }
  }
  if (const auto reference = reader.text("reference", Presence::optional)) {
    if (reference->size() > kMaxReferenceBytes) {
      reader.fault("reference", "must be at most 256 bytes");
    }
    report.reference = std::string(*reference);
  }
  reader.finish();
  if (auto problem = refusal(document)) return tl::unexpected(*problem);
  return report;
}

}  // namespace holdfast::http
