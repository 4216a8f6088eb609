#include "domain/refund.h"

#include <array>

#include "domain/assert.h"
#include "domain/parse_enum.h"

namespace holdfast {
namespace {

constexpr std::array kRefundStatuses{RefundStatus::waiting,         RefundStatus::reversing,
                                     RefundStatus::refunded,        RefundStatus::void_,
                                     RefundStatus::needs_attention, RefundStatus::failed};
constexpr std::array kWhenIncomplete{WhenIncomplete::wait, WhenIncomplete::preempt};

}  // namespace

std::string_view to_string(RefundStatus status) {
  switch (status) {
    case RefundStatus::waiting: return "waiting";
    case RefundStatus::reversing: return "reversing";
    case RefundStatus::refunded: return "refunded";
    case RefundStatus::void_: return "void";
    case RefundStatus::needs_attention: return "needs_attention";
    case RefundStatus::failed: return "failed";
  }
  HF_UNREACHABLE("no known refund status");
}

std::string_view to_string(WhenIncomplete policy) {
  switch (policy) {
    case WhenIncomplete::wait: return "wait";
    case WhenIncomplete::preempt: return "preempt";
  }
  HF_UNREACHABLE("no known refund policy");
}

std::optional<RefundStatus> parse_refund_status(std::string_view text) {
  return parse_enum(kRefundStatuses, text);
}

std::optional<WhenIncomplete> parse_when_incomplete(std::string_view text) {
  return parse_enum(kWhenIncomplete, text);
}

bool is_final(RefundStatus status) {
  switch (status) {
    case RefundStatus::refunded:
    case RefundStatus::void_:
    case RefundStatus::needs_attention:
    case RefundStatus::failed: return true;
    case RefundStatus::waiting:
    case RefundStatus::reversing: return false;
  }
  HF_UNREACHABLE("no known refund status");
}

bool is_under_way(RefundStatus status) {
  switch (status) {
    case RefundStatus::waiting:
    case RefundStatus::reversing:
    case RefundStatus::needs_attention: return true;
    case RefundStatus::refunded:
    case RefundStatus::void_:
    case RefundStatus::failed: return false;
  }
  HF_UNREACHABLE("no known refund status");
}

}  // namespace holdfast
