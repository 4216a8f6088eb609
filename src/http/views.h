#pragma once

#include <optional>
#include <string>

#include "flows/admission.h"
#include "flows/parked_desk.h"
#include "flows/queries.h"
#include "flows/reconciliation.h"
#include "http/json_writer.h"
#include "ports/order_book.h"

// How things are shown to the outside. Optional members that are unset are left out.

namespace holdfast::http {

/// `durability` is shown in the answer that accepts an order, and nowhere else.
void write_order(JsonWriter& json, const OrderAggregate& aggregate,
                 std::optional<flows::Durability> durability = std::nullopt);

enum class RefundForm {
  whole,
  preview,  ///< without id and status: nothing was asked for yet
};
void write_refund(JsonWriter& json, const Refund& refund, RefundForm form = RefundForm::whole);

void write_stock(JsonWriter& json, const flows::StockView& stock);
void write_journal_row(JsonWriter& json, const JournalRow& row);
void write_points(JsonWriter& json, const PointsRow& points);
void write_parked(JsonWriter& json, const ParkedMessage& message);
void write_parked_group(JsonWriter& json, const ParkedGroup& group);
void write_reconciliation(JsonWriter& json, const flows::ReconciliationReport& report);

std::string order_view(const OrderAggregate& aggregate,
                       std::optional<flows::Durability> durability = std::nullopt);
std::string refund_view(const Refund& refund, RefundForm form = RefundForm::whole);
std::string stock_view(const flows::StockView& stock);
std::string points_view(const PointsRow& points);
std::string reconciliation_view(const flows::ReconciliationReport& report);

/// `{"<noun>": […], "next_cursor": …}`, with null for the cursor of the last page.
template <class T, class Write>
std::string page_view(std::string_view noun, const Page<T>& page, Write write) {
  std::string body;
  body.reserve(64 + 256 * page.items.size());
  JsonWriter json(body);
  json.begin_object();
  json.key(noun);
  json.begin_array();
  for (const T& item : page.items) write(json, item);
  json.end_array();
  json.key("next_cursor");
  if (page.next_cursor) {
    json.text(*page.next_cursor);
  } else {
    json.null();
  }
  json.end_object();
  return body;
}

}  // namespace holdfast::http
