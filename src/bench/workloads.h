#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "load/driver.h"

namespace holdfast::bench {

// Sets stock: one PUT for each SKU.
class StockIn final : public load::Workload {
 public:
  StockIn(load::Endpoint endpoint, std::vector<std::string> skus, std::int64_t units);
  void write_request(std::uint64_t index, std::string& out) override;
  void on_answer(std::uint64_t, const load::Response&) override {}

 private:
  load::Endpoint endpoint_;
  std::vector<std::string> skus_;
  std::string body_;
};

// One-line orders, each of a user of its own, spread evenly but not in turn over the SKUs. The
// request is written once; then only the digits of user and SKU are replaced in it.
class Orders final : public load::Workload {
 public:
  struct Shape {
    std::string user_prefix;  // new for each run
    std::string sku_prefix;   // sku_name() of it
    std::size_t skus = 1;
    std::size_t keep_ids = 0;  // how many orders' ids to keep, the first ones accepted
    std::string plan{};        // empty: the plan `default`
    std::string prefer{};      // the header Prefer; empty: none
  };

  Orders(const load::Endpoint& endpoint, const Shape& shape);
  void write_request(std::uint64_t index, std::string& out) override;
  void on_answer(std::uint64_t index, const load::Response& response) override;

  const std::vector<std::string>& order_ids() const { return order_ids_; }
  // How many were accepted in each second since the first request.
  const std::vector<std::uint64_t>& accepted_by_second() const { return accepted_by_second_; }

  static std::string sku_name(const std::string& prefix, std::size_t number);

 private:
  Shape shape_;
  std::string request_;
  std::size_t user_at_ = 0;
  std::size_t sku_at_ = 0;
  std::vector<std::string> order_ids_;
  load::Clock::time_point begun_{};
  std::vector<std::uint64_t> accepted_by_second_;
};

// Orders, and a refund of each as soon as it was accepted: in the next request that leaves, which
// is nearly always that of the same connection.
class EarlyRefunds final : public load::Workload {
 public:
  // `refund_body` says what the refund does with an order that is not complete yet.
  EarlyRefunds(load::Endpoint endpoint, const Orders::Shape& shape, std::string refund_body);
  void write_request(std::uint64_t index, std::string& out) override;
  void on_answer(std::uint64_t index, const load::Response& response) override;

  std::uint64_t refunds() const { return refunds_; }  // that were accepted

 private:
  load::Endpoint endpoint_;
  Orders orders_;
  std::string refund_body_;
  std::deque<std::string> order_ids_;  // accepted, their refund not asked for yet
  std::uint64_t refunds_ = 0;
};

// A full refund of each order.
class Refunds final : public load::Workload {
 public:
  Refunds(load::Endpoint endpoint, const std::vector<std::string>& order_ids)
      : endpoint_(std::move(endpoint)), order_ids_(order_ids) {}
  void write_request(std::uint64_t index, std::string& out) override;
  void on_answer(std::uint64_t, const load::Response&) override {}

 private:
  load::Endpoint endpoint_;
  const std::vector<std::string>& order_ids_;  // held, not owned
};

}  // namespace holdfast::bench
