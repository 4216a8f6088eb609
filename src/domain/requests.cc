#include "domain/requests.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "domain/canonical_text.h"
#include "domain/planned_order.h"

namespace holdfast {
namespace {

constexpr std::string_view kNameRule = "must be 1 to 64 characters of A-Za-z0-9._:-";

/// Escapes one token of a JSON pointer, RFC 6901 section 3.
std::string escape_token(std::string_view token) {
  std::string escaped;
  for (const char c : token) {
    if (c == '~') {
      escaped += "~0";
    } else if (c == '/') {
      escaped += "~1";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string line_pointer(std::size_t index, std::string_view member) {
  return "/lines/" + std::to_string(index) + "/" + std::string{member};
}

bool is_valid_quantity(Quantity quantity) {
  return quantity.units >= 1 && quantity.units <= bounds::kMaxQuantity;
}

bool is_valid_price(Money price) {
  return price.minor >= 0 && price.minor <= bounds::kMaxUnitPrice;
}

bool is_valid_currency(const Currency& currency) {
  return currency.code.size() == 3 && std::all_of(currency.code.begin(), currency.code.end(),
                                                  [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

void check_line_count(std::size_t count, std::vector<FieldError>& errors) {
  if (count < 1 || count > bounds::kMaxLines) {
    errors.push_back({"/lines", "must hold 1 to " + std::to_string(bounds::kMaxLines) + " lines"});
  }
}

void check_sku(std::size_t index, const Sku& sku, std::set<Sku>& seen,
               std::vector<FieldError>& errors) {
  if (!is_valid_name(sku.value)) {
    errors.push_back({line_pointer(index, "sku"), std::string{kNameRule}});
  } else if (!seen.insert(sku).second) {
    errors.push_back({line_pointer(index, "sku"), "stands in an earlier line already"});
  }
}

void check_quantity(std::size_t index, Quantity quantity, std::vector<FieldError>& errors) {
  if (!is_valid_quantity(quantity)) {
    errors.push_back(
        {line_pointer(index, "quantity"), "must be 1 to " + std::to_string(bounds::kMaxQuantity)});
  }
}

/// Sums only what is within its own bounds, where a product is at most 10^18, and stops at the
/// first sum above the bound: int64 never overflows.
bool exceeds_order_amount(const std::vector<OrderRequestLine>& lines) {
  Money sum;
  for (const OrderRequestLine& line : lines) {
    if (!is_valid_quantity(line.quantity) || !is_valid_price(line.unit_price)) continue;
    sum += line.unit_price * line.quantity;
    if (sum.minor > bounds::kMaxOrderAmount) return true;
  }
  return false;
}

void check_order_lines(const std::vector<OrderRequestLine>& lines,
                       std::vector<FieldError>& errors) {
  check_line_count(lines.size(), errors);
  std::set<Sku> seen;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    check_sku(i, lines[i].sku, seen, errors);
    check_quantity(i, lines[i].quantity, errors);
    if (!is_valid_price(lines[i].unit_price)) {
      errors.push_back(
          {line_pointer(i, "unit_price"), "must be 0 to " + std::to_string(bounds::kMaxUnitPrice)});
    }
  }
  if (exceeds_order_amount(lines)) {
    errors.push_back({"/lines", "the order's amount must be at most " +
                                    std::to_string(bounds::kMaxOrderAmount)});
  }
}

void check_attributes(const std::map<std::string, std::string>& attributes,
                      std::vector<FieldError>& errors) {
  if (attributes.size() > bounds::kMaxAttributes) {
    errors.push_back({"/attributes", "must hold at most " + std::to_string(bounds::kMaxAttributes) +
                                         " attributes"});
  }
  for (const auto& [key, value] : attributes) {
    const std::string pointer = "/attributes/" + escape_token(key);
    if (!is_valid_name(key)) {
      errors.push_back({pointer, "the name " + std::string{kNameRule}});
    }
    if (value.size() > bounds::kMaxAttributeBytes) {
      errors.push_back(
          {pointer, "must be at most " + std::to_string(bounds::kMaxAttributeBytes) + " bytes"});
    }
    if (has_nul(value)) errors.push_back({pointer, "must not contain NUL"});
  }
}

template <class Line>
std::vector<Line> sorted_by_sku(std::vector<Line> lines) {
  std::sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.sku < b.sku; });
  return lines;
}

}  // namespace

std::vector<FieldError> validate(const OrderRequest& request) {
  std::vector<FieldError> errors;
  if (!is_valid_name(request.user_id.value)) {
    errors.push_back({"/user_id", std::string{kNameRule}});
  }
  if (!is_valid_currency(request.currency)) {
    errors.push_back({"/currency", "must be three upper-case letters (ISO 4217)"});
  }
  check_order_lines(request.lines, errors);
  if (!is_valid_name(request.plan.value)) errors.push_back({"/plan", std::string{kNameRule}});
  check_attributes(request.attributes, errors);
  return errors;
}

std::vector<FieldError> validate(const RefundRequest& request) {
  std::vector<FieldError> errors;
  if (request.lines) {
    check_line_count(request.lines->size(), errors);
    std::set<Sku> seen;
    for (std::size_t i = 0; i < request.lines->size(); ++i) {
      check_sku(i, (*request.lines)[i].sku, seen, errors);
      check_quantity(i, (*request.lines)[i].quantity, errors);
    }
  }
  if (request.reason) {
    if (request.reason->size() > bounds::kMaxReasonBytes) {
      errors.push_back(
          {"/reason", "must be at most " + std::to_string(bounds::kMaxReasonBytes) + " bytes"});
    }
    // The book's text columns cannot hold a NUL.
    if (has_nul(*request.reason)) errors.push_back({"/reason", "must not contain NUL"});
  }
  return errors;
}

std::string canonical_content(const OrderRequest& request) {
  CanonicalText text{"order/1"};
  text.add(request.user_id.value).add(request.currency.code);
  text.add_count(request.lines.size());
  for (const OrderRequestLine& line : sorted_by_sku(request.lines)) {
    text.add(line.sku.value).add_number(line.quantity.units).add_number(line.unit_price.minor);
  }
  text.add(request.plan.value);
  text.add_count(request.attributes.size());
  for (const auto& [key, value] : request.attributes) text.add(key).add(value);
  return std::move(text).take();
}

std::string canonical_content(const OrderId& order_id, const RefundRequest& request) {
  CanonicalText text{"refund/1"};
  text.add(order_id.to_string());
  if (request.lines) {
    text.add("lines").add_count(request.lines->size());
    for (const RefundLine& line : sorted_by_sku(*request.lines)) {
      text.add(line.sku.value).add_number(line.quantity.units);
      text.add(line.restock ? "restock" : "keep");
    }
  } else {
    text.add("all");
  }
  if (request.reason) {
    text.add("reason").add(*request.reason);
  } else {
    text.add("no reason");
  }
  text.add(to_string(request.when_incomplete));
  return std::move(text).take();
}

PlannedOrder planned_order(const Plan& plan) {
  PlannedOrder planned{plan.name, plan.version, {}};
  for (PlanStep& of_plan : in_dependency_order(plan)) {
    Step step;
    step.name = std::move(of_plan.name);
    step.kind = of_plan.kind;
    step.points_per = of_plan.kind == StepKind::points ? of_plan.points_per : 0;
    step.reversible = is_reversed_remotely(of_plan);
    step.wait = of_plan.kind == StepKind::await ? of_plan.timeout : Milliseconds{0};
    step.after = std::move(of_plan.after);
    planned.steps.push_back(std::move(step));
  }
  return planned;
}

Order make_order(const OrderRequest& request, const PlannedOrder& planned, NewOrder identity) {
  Order order;
  order.id = identity.id;
  order.reservation_id = identity.reservation_id;
  order.fingerprint = std::move(identity.fingerprint);
  order.user_id = request.user_id;
  order.currency = request.currency;
  for (const OrderRequestLine& asked : sorted_by_sku(request.lines)) {
    OrderLine line;
    line.sku = asked.sku;
    line.quantity = asked.quantity;
    line.unit_price = asked.unit_price;
    order.lines.push_back(std::move(line));
  }
  order.plan = planned.plan;
  order.plan_version = planned.plan_version;
  order.attributes = request.attributes;
  order.amount = amount_of(order.lines);
  order.steps = planned.steps;
  for (Step& step : order.steps) step.updated_at = identity.placed_at;
  order.placed_at = identity.placed_at;
  return order;
}

Order make_order(const OrderRequest& request, const Plan& plan, NewOrder identity) {
  return make_order(request, planned_order(plan), std::move(identity));
}

}  // namespace holdfast
