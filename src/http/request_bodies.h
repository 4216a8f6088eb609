#pragma once

#include <string>
#include <tl/expected.hpp>

#include "domain/requests.h"
#include "flows/stock_desk.h"
#include "http/json_document.h"
#include "http/problem.h"

// What the bodies of requests say, from a parsed document. Each refusal lists all faults, those of
// the shape and those of the values.

namespace holdfast::http {

tl::expected<OrderRequest, Problem> read_order_request(JsonDocument& document);
tl::expected<RefundRequest, Problem> read_refund_request(JsonDocument& document);
tl::expected<flows::SetStock, Problem> read_set_stock(JsonDocument& document, Sku sku);
tl::expected<flows::AdjustStock, Problem> read_adjust_stock(JsonDocument& document, Sku sku);
tl::expected<ParkedFilter, Problem> read_parked_filter(JsonDocument& document);

tl::expected<StepReport, Problem> read_step_report(JsonDocument& document);

}  // namespace holdfast::http
