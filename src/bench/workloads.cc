#include "bench/workloads.h"

#include <fmt/format.h>

#include <utility>

namespace holdfast::bench {
namespace {

constexpr std::size_t kUserDigits = 8;
constexpr std::size_t kSkuDigits = 4;
constexpr std::string_view kLocation = "/v1/orders/";

// The order that an answer accepted; empty when it did no such thing.
std::string_view accepted_order(const load::Response& response) {
  const bool is_accepted = response.status == 202 && response.location.starts_with(kLocation);
  return is_accepted ? response.location.substr(kLocation.size()) : std::string_view{};
}

load::Request refund_of(std::string_view order_id, const std::string& body) {
  return {"POST", "/v1/orders/" + std::string(order_id) + "/refunds", body, {}};
}

void put_digits(std::uint64_t number, char* at, std::size_t digits) {
  for (std::size_t left = digits; left > 0; --left) {
    at[left - 1] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
}

// Mixes the bits of `index` (SplitMix64), so that neighbours in time are not neighbours in stock.
std::uint64_t scatter(std::uint64_t index) {
  std::uint64_t mixed = index + 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

}  // namespace

StockIn::StockIn(load::Endpoint endpoint, std::vector<std::string> skus, std::int64_t units)
    : endpoint_(std::move(endpoint)),
      skus_(std::move(skus)),
      body_(fmt::format(R"({{"on_hand":{}}})", units)) {}

void StockIn::write_request(std::uint64_t index, std::string& out) {
  load::append_request(endpoint_, {"PUT", "/v1/stock/" + skus_[index], body_, {}}, out);
}

Orders::Orders(const load::Endpoint& endpoint, const Shape& shape) : shape_(shape) {
  const std::string user = shape.user_prefix + std::string(kUserDigits, '0');
  const std::string sku = sku_name(shape.sku_prefix, 0);
  const std::string plan = shape.plan.empty() ? "" : fmt::format(R"("plan":"{}",)", shape.plan);
  const std::string body =
      fmt::format(R"({{"user_id":"{}","currency":"CNY",{})"
                  R"("lines":[{{"sku":"{}","quantity":1,"unit_price":1999}}]}})",
                  user, plan, sku);
  load::Request request{"POST", "/v1/orders", body, {}};
  if (!shape.prefer.empty()) {
    request.headers.push_back({"Prefer", shape.prefer});
  }
  load::append_request(endpoint, request, request_);
  user_at_ = request_.rfind(user) + shape.user_prefix.size();
  sku_at_ = request_.rfind(sku) + shape.sku_prefix.size();
  order_ids_.reserve(shape.keep_ids);
}

std::string Orders::sku_name(const std::string& prefix, std::size_t number) {
  return fmt::format("{}{:0{}}", prefix, number, kSkuDigits);
}

void Orders::write_request(std::uint64_t index, std::string& out) {
  if (begun_ == load::Clock::time_point{}) {
    begun_ = load::Clock::now();
  }
  put_digits(index, request_.data() + user_at_, kUserDigits);
  put_digits(scatter(index) % shape_.skus, request_.data() + sku_at_, kSkuDigits);
  out = request_;
}

void Orders::on_answer(std::uint64_t, const load::Response& response) {
  const std::string_view order_id = accepted_order(response);
  if (order_id.empty()) {
    return;
  }
  const auto since_begun = std::chrono::floor<std::chrono::seconds>(load::Clock::now() - begun_);
  const auto second = static_cast<std::size_t>(since_begun.count());
  if (second >= accepted_by_second_.size()) {
    accepted_by_second_.resize(second + 1);
  }
  ++accepted_by_second_[second];
  if (order_ids_.size() < shape_.keep_ids) {
    order_ids_.emplace_back(order_id);
  }
}

EarlyRefunds::EarlyRefunds(load::Endpoint endpoint, const Orders::Shape& shape,
                           std::string refund_body)
    : endpoint_(std::move(endpoint)),
      orders_(endpoint_, shape),
      refund_body_(std::move(refund_body)) {}

void EarlyRefunds::write_request(std::uint64_t index, std::string& out) {
  if (order_ids_.empty()) {
    orders_.write_request(index, out);
    return;
  }
  load::append_request(endpoint_, refund_of(order_ids_.front(), refund_body_), out);
  order_ids_.pop_front();
}

void EarlyRefunds::on_answer(std::uint64_t, const load::Response& response) {
  if (const auto order_id = accepted_order(response); !order_id.empty()) {
    order_ids_.emplace_back(order_id);
  } else if (response.status == 202) {
    ++refunds_;
  }
}

void Refunds::write_request(std::uint64_t index, std::string& out) {
  load::append_request(endpoint_, refund_of(order_ids_[index], "{}"), out);
}

}  // namespace holdfast::bench
