#include "bench/workloads.h"

#include <fmt/format.h>

#include <utility>

namespace holdfast::bench {
namespace {

constexpr std::size_t kUserDigits = 8;
constexpr std::size_t kSkuDigits = 4;
constexpr std::string_view kLocation = "/v1/orders/";

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
  const std::string body =
      fmt::format(R"({{"user_id":"{}","currency":"CNY",)"
                  R"("lines":[{{"sku":"{}","quantity":1,"unit_price":1999}}]}})",
                  user, sku);
  load::append_request(endpoint, {"POST", "/v1/orders", body, {}}, request_);
  user_at_ = request_.rfind(user) + shape.user_prefix.size();
  sku_at_ = request_.rfind(sku) + shape.sku_prefix.size();
  order_ids_.reserve(shape.keep_ids);
}

std::string Orders::sku_name(const std::string& prefix, std::size_t number) {
  return fmt::format("{}{:0{}}", prefix, number, kSkuDigits);
}

void Orders::write_request(std::uint64_t index, std::string& out) {
  put_digits(index, request_.data() + user_at_, kUserDigits);
  put_digits(scatter(index) % shape_.skus, request_.data() + sku_at_, kSkuDigits);
  out = request_;
}

void Orders::on_answer(std::uint64_t, const load::Response& response) {
  if (order_ids_.size() < shape_.keep_ids && response.status == 202 &&
      response.location.starts_with(kLocation)) {
    order_ids_.emplace_back(response.location.substr(kLocation.size()));
  }
}

void Refunds::write_request(std::uint64_t index, std::string& out) {
  const std::string target = "/v1/orders/" + order_ids_[index] + "/refunds";
  load::append_request(endpoint_, {"POST", target, "{}", {}}, out);
}

}  // namespace holdfast::bench
