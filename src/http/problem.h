#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/requests.h"
#include "flows/failure.h"
#include "http/response.h"
#include "ports/stock_ledger.h"

namespace holdfast::http {

/// What stays the same from one occurrence of a problem to the next: the contract's `status` and
/// `code`, and the title for people.
struct ProblemKind {
  int status;
  std::string_view code;
  std::string_view title;
};

namespace problems {
inline constexpr ProblemKind kMalformedRequest{400, "malformed_request",
                                               "The request is not valid HTTP"};
inline constexpr ProblemKind kMalformedJson{400, "malformed_json", "The body is not valid JSON"};
inline constexpr ProblemKind kInvalidRequest{400, "invalid_request", "The request is not valid"};
inline constexpr ProblemKind kUnauthenticated{401, "unauthenticated", "A valid API key is needed"};
inline constexpr ProblemKind kForbidden{403, "forbidden", "This API key may not do that"};
inline constexpr ProblemKind kNotFound{404, "not_found", "There is nothing here"};
inline constexpr ProblemKind kUnknownOrder{404, "unknown_order", "There is no such order"};
inline constexpr ProblemKind kUnknownRefund{404, "unknown_refund", "There is no such refund"};
inline constexpr ProblemKind kUnknownSku{404, "unknown_sku", "There is no such SKU"};
inline constexpr ProblemKind kUnknownStep{404, "unknown_step", "The order has no such step"};
inline constexpr ProblemKind kMethodNotAllowed{405, "method_not_allowed",
                                               "The method is not allowed here"};
inline constexpr ProblemKind kRequestTimeout{408, "request_timeout",
                                             "The request did not arrive in time"};
inline constexpr ProblemKind kOutOfStock{409, "out_of_stock", "There is not enough stock"};
inline constexpr ProblemKind kPurchaseLimitExceeded{409, "purchase_limit_exceeded",
                                                    "The purchase limit is exceeded"};
inline constexpr ProblemKind kOrderIdConflict{409, "order_id_conflict",
                                              "The id belongs to another order"};
inline constexpr ProblemKind kRefundIdConflict{409, "refund_id_conflict",
                                               "The id belongs to another refund"};
inline constexpr ProblemKind kAdjustmentIdConflict{409, "adjustment_id_conflict",
                                                   "The id belongs to another adjustment"};
inline constexpr ProblemKind kRefundExceedsOrder{409, "refund_exceeds_order",
                                                 "The refund is more than is left of the order"};
inline constexpr ProblemKind kAlreadyRefunded{409, "already_refunded",
                                              "The order is already refunded"};
inline constexpr ProblemKind kOrderCancelled{409, "order_cancelled", "The order is cancelled"};
inline constexpr ProblemKind kStepNotAwaiting{409, "step_not_awaiting",
                                              "The step does not await a report"};
inline constexpr ProblemKind kStockBelowReserved{409, "stock_below_reserved",
                                                 "Less stock would be left than is reserved"};
inline constexpr ProblemKind kParkedInUse{409, "parked_in_use",
                                          "The parked message is being run again"};
inline constexpr ProblemKind kBodyTooLarge{413, "body_too_large", "The body is too large"};
inline constexpr ProblemKind kUriTooLong{414, "uri_too_long", "The request target is too long"};
inline constexpr ProblemKind kUnsupportedMediaType{415, "unsupported_media_type",
                                                   "The media type is not supported"};
inline constexpr ProblemKind kExpectationFailed{417, "expectation_failed",
                                                "The expectation cannot be met"};
inline constexpr ProblemKind kUnknownSkuInBody{422, "unknown_sku",
                                               "The request names an unknown SKU"};
inline constexpr ProblemKind kUnknownPlan{422, "unknown_plan", "The request names an unknown plan"};
inline constexpr ProblemKind kHeadersTooLarge{431, "headers_too_large", "The header is too large"};
inline constexpr ProblemKind kInternalError{500, "internal_error", "Holdfast made a mistake"};
inline constexpr ProblemKind kUnavailable{503, "unavailable", "A server behind this is away"};
inline constexpr ProblemKind kOverloaded{503, "overloaded", "There is too much to do"};
inline constexpr ProblemKind kRebuilding{503, "rebuilding", "The stock is being rebuilt"};
}  // namespace problems

/// A refusal (RFC 9457). `detail` says what is wrong and what to do next.
struct Problem {
  ProblemKind kind;
  std::string detail;
  std::vector<FieldError> errors;
  std::vector<Shortage> shortages;
  std::optional<LimitBreach> limit;
  std::string sku;
  std::string order_id;
  std::string_view allow;
  std::uint32_t retry_after_s = 0;
};

Problem make_problem(const ProblemKind& kind, std::string detail);
/// `invalid_request` with its field errors; there is at least one.
Problem invalid_fields(std::vector<FieldError> errors);

/// `not_found` is the answer where the flow found nothing. A failure of kind `invalid_cursor` is a
/// 400, the others are 503.
Problem problem_of(const flows::Failure& failure, const Problem& not_found);
Problem problem_of(const flows::Failure& failure);  ///< where nothing is looked up

Response to_response(const Problem& problem);

}  // namespace holdfast::http
