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

void print_steps(std::ostream& out, const json::value& document) {
  print_list(out, document, "steps",
             {{"STEP", "name"},
              {"STATUS", "status"},
              {"ATTEMPTS", "attempts"},
              {"REFERENCE", "reference"},
              {"ERROR", "error"},
              {"UPDATED", "updated_at"}});
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
