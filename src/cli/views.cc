#include "cli/views.h"

#include <array>
#include <boost/json/object.hpp>
#include <utility>

#include "cli/client.h"
#include "cli/table.h"

namespace holdfast::cli {
namespace {

namespace json = boost::json;

// "name" and the key it comes from; keys that the document has not are left out.
template <std::size_t N>
void add_known(Facts& facts, const json::object& object,
               const std::array<std::pair<const char*, const char*>, N>& names) {
  for (const auto& [name, key] : names) {
    if (object.contains(key) && !object.at(key).is_null()) {
      facts.add(name, cell(object, key));
    }
  }
}

void print_list(std::ostream& out, const json::value& document, const char* list,
                const std::vector<Column>& columns) {
  const auto table = table_of(list_in(document, list), columns);
  if (!table.empty()) {
    out << '\n';
    table.print(out);
  }
}

// The status with what an operator must know of it besides.
std::string status_cell(const json::object& side) {
  std::string text = cell(side, "status");
  const auto is_set = [&side](std::string_view key) {
    const auto* flag = side.if_contains(key);
    return flag != nullptr && flag->is_bool() && flag->get_bool();
  };
  if (is_set("parked")) {
    text += " (parked)";
  }
  if (is_set("forward_unknown")) {
    text += " (forward unknown)";
  }
  return text;
}

void print_steps(std::ostream& out, const json::value& document) {
  // The error is last, as it may be long.
  Table table({"STEP", "STATUS", "ATTEMPTS", "REFERENCE", "UPDATED", "ERROR"});
  for (const auto& entry : list_in(document, "steps")) {
    if (const auto* step = entry.if_object()) {
      table.add({cell(*step, "name"), status_cell(*step), cell(*step, "attempts"),
                 cell(*step, "reference"), cell(*step, "updated_at"), cell(*step, "error")});
    }
  }
  if (!table.empty()) {
    out << '\n';
    table.print(out);
  }
}

// What of an order's steps is taken back for another cause than a refund, which shows its own.
void print_reversals(std::ostream& out, const json::value& order) {
  Table table({"TAKEN BACK", "BECAUSE", "STATUS", "ATTEMPTS", "REFERENCE", "UPDATED", "ERROR"});
  for (const auto& entry : list_in(order, "steps")) {
    const auto* step = entry.if_object();
    for (const auto& [key, cause] : {std::pair{"compensation", "the order is cancelled"},
                                     std::pair{"late", "it was confirmed too late"}}) {
      const auto* side = step == nullptr ? nullptr : step->if_contains(key);
      if (side != nullptr && side->is_object()) {
        const auto& reversal = side->get_object();
        table.add({cell(*step, "name"), cause, status_cell(reversal), cell(reversal, "attempts"),
                   cell(reversal, "reference"), cell(reversal, "updated_at"),
                   cell(reversal, "error")});
      }
    }
  }
  if (!table.empty()) {
    out << '\n';
    table.print(out);
  }
}

}  // namespace

std::string status_of(const json::value& document) {
  const auto* object = document.if_object();
  return object != nullptr && object->contains("status") ? cell(*object, "status") : "";
}

void print_order(std::ostream& out, const json::value& order) {
  const auto* object = order.if_object();
  if (object == nullptr) {
    return;
  }
  Facts facts;
  add_known<4>(facts, *object,
               {{{"order", "order_id"},
                 {"status", "status"},
                 {"reason", "reason"},
                 {"failed step", "failed_step"}}});
  facts.add("amount", cell(*object, "amount") + " " + cell(*object, "currency") + " (minor units)");
  add_known<8>(facts, *object,
               {{{"refunded", "refunded_amount"},
                 {"user", "user_id"},
                 {"plan", "plan"},
                 {"durability", "durability"},
                 {"placed", "placed_at"},
                 {"completed", "completed_at"},
                 {"attributes", "attributes"},
                 {"refunds", "refunds"}}});
  facts.print(out);
  print_list(out, order, "lines",
             {{"SKU", "sku"}, {"QUANTITY", "quantity"}, {"UNIT PRICE", "unit_price"}});
  print_steps(out, order);
  print_reversals(out, order);
}

void print_refund(std::ostream& out, const json::value& refund) {
  const auto* object = refund.if_object();
  if (object == nullptr) {
    return;
  }
  Facts facts;
  add_known<12>(facts, *object,
                {{{"refund", "refund_id"},
                  {"order", "order_id"},
                  {"status", "status"},
                  {"error", "error"},
                  {"amount", "amount"},
                  {"currency", "currency"},
                  {"reason", "reason"},
                  {"when incomplete", "when_incomplete"},
                  {"checks", "checks"},
                  {"next check", "next_check_at"},
                  {"requested", "requested_at"},
                  {"refunded", "refunded_at"}}});
  facts.print(out);
  print_list(out, refund, "lines",
             {{"SKU", "sku"}, {"QUANTITY", "quantity"}, {"RESTOCK", "restock"}});
  print_steps(out, refund);
}

}  // namespace holdfast::cli
