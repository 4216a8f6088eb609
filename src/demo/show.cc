#include "demo/show.h"

#include <fmt/format.h>

#include <utility>

#include "demo/json_view.h"

namespace holdfast::demo {

void Show::count_sold(const std::vector<Line>& lines, bool and_returned) {
  for (const Line& line : lines) {
    Expected& of_sku = expected[line.sku];
    of_sku.sold += line.quantity;
    of_sku.returned += and_returned ? line.quantity : 0;
  }
}

std::string order_body(const Order& order) {
  boost::json::array lines;
  for (const Line& line : order.lines) {
    lines.push_back(
        {{"sku", line.sku}, {"quantity", line.quantity}, {"unit_price", line.unit_price}});
  }
  boost::json::object body{{"order_id", order.order_id},
                           {"user_id", order.user_id},
                           {"currency", "CNY"},
                           {"lines", std::move(lines)}};
  if (!order.plan.empty()) {
    body["plan"] = order.plan;
  }
  if (!order.psp.empty()) {
    body["attributes"] = boost::json::object{{"psp", order.psp}};
  }
  return boost::json::serialize(body);
}

load::Request place_request(const Order& order) {
  return {"POST", "/v1/orders", order_body(order), {}};
}

load::Request get_request(const std::string& target, bool waits) {
  load::Request request{"GET", target, "", {}};
  if (waits) {
    request.headers.push_back({"Prefer", "wait=" + std::to_string(kPollWait.count())});
  }
  return request;
}

load::Request with_wait(load::Request request) {
  request.headers.push_back({"Prefer", fmt::format("wait={}", kAnswerWait.count())});
  return request;
}

load::Request refund_request(const Refund& refund, const std::string& more) {
  return {"POST",
          "/v1/orders/" + refund.order_id + "/refunds",
          fmt::format(R"({{"refund_id":"{}"{}}})", refund.refund_id, more),
          {}};
}

bool is_in(const Reply& reply, std::string_view status) {
  return text_at(reply.body, "status") == status;
}

std::string Reply::summary() const {
  const std::string code = text_at(body, "code");
  const std::string state = text_at(body, "status");
  return std::to_string(status) + (code.empty() ? "" : " " + code) +
         (state.empty() ? "" : " " + state);
}

tl::expected<Reply, load::CallError> ask(Show& show, const load::Request& request) {
  return ask(show.session, request);
}

tl::expected<Reply, load::CallError> ask(load::Session& session, const load::Request& request) {
  const auto answer = session.call(request);
  if (!answer) {
    return tl::make_unexpected(answer.error());
  }
  return Reply{answer->status, answer->replayed, parse_json(answer->body)};
}

}  // namespace holdfast::demo
