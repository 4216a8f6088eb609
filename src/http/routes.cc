#include "http/resources.h"
#include "http/router.h"

namespace holdfast::http {

std::vector<Route> api_routes() {
  using boost::beast::http::verb;
  using enum Access;
  return {
      {verb::post, "/v1/orders", shop, {}, place_order},
      {verb::get,
       "/v1/orders",
       shop,
       {"user_id", "status", "sku", "placed_after", "placed_before", "limit", "cursor"},
       list_orders},
      {verb::get, "/v1/orders/{order_id}", shop, {}, get_order},
      {verb::post, "/v1/orders/{order_id}/refunds", shop, {}, request_refund},
      {verb::post, "/v1/orders/{order_id}/refunds/preview", shop, {}, preview_refund},
      {verb::post, "/v1/orders/{order_id}/steps/{step}", shop, {}, report_step},
      {verb::get, "/v1/refunds", shop, {"order_id", "status", "limit", "cursor"}, list_refunds},
      {verb::get, "/v1/refunds/{refund_id}", shop, {}, get_refund},
      {verb::get, "/v1/stock", shop, {"limit", "cursor"}, list_stock},
      {verb::get, "/v1/stock/{sku}", shop, {}, get_stock},
      {verb::put, "/v1/stock/{sku}", operations, {}, set_stock},
      {verb::post, "/v1/stock/{sku}/adjustments", operations, {}, adjust_stock},
      {verb::get, "/v1/stock/{sku}/journal", shop, {"limit", "cursor"}, get_stock_journal},
      {verb::get, "/v1/users/{user_id}/points", shop, {}, get_points},
      {verb::get,
       "/v1/parked",
       operations,
       {"queue", "reason", "order_id", "limit", "cursor"},
       list_parked},
      {verb::get, "/v1/parked/groups", operations, {"limit", "cursor"}, list_parked_groups},
      {verb::post, "/v1/parked/retry", operations, {}, retry_all_parked},
      {verb::post, "/v1/parked/{id}/retry", operations, {}, retry_parked},
      {verb::delete_, "/v1/parked/{id}", operations, {"reason"}, discard_parked},
      {verb::get, "/v1/reconciliation", shop, {}, get_reconciliation},
      {verb::post, "/v1/reconciliation/repair", operations, {}, repair},
      {verb::post, "/v1/worker/pause", operations, {}, pause_worker},
      {verb::post, "/v1/worker/resume", operations, {}, resume_worker},
      {verb::get, "/v1/status", shop, {}, get_status},
      {verb::get, "/healthz", open, {}, get_health},
      {verb::get, "/readyz", open, {}, get_readiness},
      // Scrapers often come without a key, but figures of a shop are nobody else's business.
      {verb::get, "/metrics", shop, {}, get_metrics},
      {verb::get, "/openapi.json", open, {}, get_openapi},
  };
}

}  // namespace holdfast::http
