#include "load/driver.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "load/connection.h"
#include "load/limits.h"
#include "load/pacer.h"
#include "load/resolve.h"

namespace holdfast::load {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr int kTooManyRequests = 429;
constexpr int kUnavailable = 503;

// One run. Owns the loop, the connections and the result; on the thread of run_load().
class Driver final : public ConnectionEvents {
 public:
  Driver(Workload& workload, const RunOptions& options)
      : workload_(workload),
        options_(options),
        tick_timer_(io_),
        due_timer_(io_),
        rest_timer_(io_) {}

  tl::expected<RunResult, std::string> run(const Endpoint& endpoint);

  void on_connected(Connection& connection) override;
  void on_response(Connection& connection, const Response& response) override;
  void on_broken(Connection& connection, const std::string& why) override;

 private:
  bool is_open_loop() const { return pacer_.has_value(); }
  bool is_all_sent() const;
  tl::expected<void, std::string> connect_all(const Endpoint& endpoint);
  void begin();
  void tick();
  void use(Connection& connection);
  void send_due();
  void wait_for_due();
  void rest(Connection& connection);
  void wait_for_rested();
  void end_if_done();
  void finish();

  Workload& workload_;         // held, not owned
  const RunOptions& options_;  // held, not owned
  asio::io_context io_{1};
  asio::steady_timer tick_timer_;
  asio::steady_timer due_timer_;
  asio::steady_timer rest_timer_;
  asio::ip::tcp::endpoint address_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> idle_;  // open loop: connections without a request
  struct Resting {
    Clock::time_point until;
    Connection* connection;
  };
  std::deque<Resting> resting_;  // closed loop, all equally long: the first is up first
  std::optional<Pacer> pacer_;
  std::array<std::uint64_t, 600> by_status_{};
  RunResult result_;
  Clock::time_point begun_{};
  Clock::time_point last_send_{};  // no request leaves (or becomes due) after this
  std::size_t connected_ = 0;
  std::string connect_error_;
  std::uint64_t in_flight_ = 0;
  bool has_begun_ = false;
  bool is_closing_ = false;  // no more requests; waiting for the answers
};

tl::expected<RunResult, std::string> Driver::run(const Endpoint& endpoint) {
  const auto connected = connect_all(endpoint);
  if (!connected) {
    return tl::make_unexpected(connected.error());
  }
  begin();
  io_.restart();
  io_.run();
  finish();
  return std::move(result_);
}

tl::expected<void, std::string> Driver::connect_all(const Endpoint& endpoint) {
  const auto address = resolve(endpoint);
  if (!address) {
    return tl::make_unexpected(address.error());
  }
  address_ = *address;
  for (std::size_t i = 0; i < options_.connections; ++i) {
    connections_.push_back(std::make_unique<Connection>(io_, *this));
    connections_.back()->open(address_, std::chrono::milliseconds{0});
  }
  io_.run_for(kConnectTimeout);
  if (connected_ == connections_.size()) {
    return {};
  }
  const std::string why = connect_error_.empty() ? "no answer in time" : connect_error_;
  return tl::make_unexpected(endpoint.url() + " could not be reached: " + why);
}

void Driver::begin() {
  has_begun_ = true;
  begun_ = Clock::now();
  last_send_ = begun_ + options_.max_time;
  result_.first_sent = begun_;
  result_.last_answered = begun_;
  if (options_.per_second > 0) {
    const std::uint64_t fitting = Pacer::fitting(options_.per_second, options_.max_time);
    pacer_.emplace(begun_, options_.per_second, std::min(fitting, options_.max_requests));
  }
  tick();
  for (const auto& connection : connections_) {
    use(*connection);
  }
}

// Looks after what no answer would: the end of the time, and the caller's wish to stop.
void Driver::tick() {
  const Clock::time_point now = Clock::now();
  if (options_.on_tick && !is_closing_ &&
      !options_.on_tick({result_.sent, result_.answered, now - begun_})) {
    result_.stopped = true;
    is_closing_ = true;
    last_send_ = now;
  }
  if (!is_open_loop() && now >= last_send_) {
    is_closing_ = true;
  }
  const bool is_over = now >= last_send_ + options_.drain_time;
  if (is_over) {
    io_.stop();
    return;
  }
  end_if_done();
  tick_timer_.expires_after(kTickEvery);
  tick_timer_.async_wait([this](error_code error) {
    if (!error) {
      tick();
    }
  });
}

bool Driver::is_all_sent() const {
  return is_closing_ || result_.sent >= (pacer_ ? pacer_->total() : options_.max_requests);
}

// A connection that is free: give it a request, or note that it is.
void Driver::use(Connection& connection) {
  if (is_open_loop()) {
    idle_.push_back(&connection);
    send_due();
    return;
  }
  const Clock::time_point now = Clock::now();
  if (now >= last_send_) {
    is_closing_ = true;
  }
  if (is_all_sent()) {
    end_if_done();
    return;
  }
  const std::uint64_t index = result_.sent++;
  ++in_flight_;
  workload_.write_request(index, connection.prepare());
  connection.send(index, now);
}

void Driver::send_due() {
  const std::uint64_t due = pacer_->due_by(Clock::now());
  while (result_.sent < due && !idle_.empty() && !is_all_sent()) {
    Connection& connection = *idle_.back();
    idle_.pop_back();
    const std::uint64_t index = result_.sent++;
    ++in_flight_;
    workload_.write_request(index, connection.prepare());
    connection.send(index, pacer_->due_at(index));
  }
  if (is_all_sent()) {
    end_if_done();
  } else if (!idle_.empty()) {
    wait_for_due();
  }
}

// Only while a connection is idle: without one, the next answer looks at the timetable.
void Driver::wait_for_due() {
  due_timer_.expires_at(pacer_->due_at(result_.sent));
  due_timer_.async_wait([this](error_code error) {
    if (!error) {
      send_due();
    }
  });
}

void Driver::on_connected(Connection& connection) {
  if (!has_begun_) {
    if (++connected_ == connections_.size()) {
      io_.stop();
    }
    return;
  }
  use(connection);
}

void Driver::on_response(Connection& connection, const Response& response) {
  const Clock::time_point now = Clock::now();
  --in_flight_;
  ++result_.answered;
  ++by_status_[static_cast<std::size_t>(response.status)];
  result_.last_answered = now;
  const auto latency = now - connection.since();
  result_.latency.record(latency);
  if (response.status / 100 == 2) {
    result_.success_latency.record(latency);
  }
  workload_.on_answer(connection.index(), response);
  if (!connection.is_open()) {
    connection.open(address_, std::chrono::milliseconds{0});
    end_if_done();
    return;
  }
  const bool was_refused = response.status == kTooManyRequests || response.status == kUnavailable;
  if (was_refused && !is_open_loop() && options_.rest_when_refused.count() > 0) {
    rest(connection);
    return;
  }
  use(connection);
}

void Driver::rest(Connection& connection) {
  resting_.push_back({Clock::now() + options_.rest_when_refused, &connection});
  if (resting_.size() == 1) {
    wait_for_rested();
  }
}

void Driver::wait_for_rested() {
  rest_timer_.expires_at(resting_.front().until);
  rest_timer_.async_wait([this](error_code error) {
    if (error) {
      return;
    }
    const Clock::time_point now = Clock::now();
    while (!resting_.empty() && resting_.front().until <= now) {
      Connection& connection = *resting_.front().connection;
      resting_.pop_front();
      // One that broke meanwhile goes on by itself once it is connected again.
      if (connection.is_open() && !connection.is_busy()) {
        use(connection);
      }
    }
    if (!resting_.empty()) {
      wait_for_rested();
    }
  });
}

void Driver::on_broken(Connection& connection, const std::string& why) {
  if (!has_begun_) {
    connect_error_ = why;
    io_.stop();
    return;
  }
  if (connection.is_busy()) {
    --in_flight_;
    ++result_.broken;
  }
  if (result_.first_error.empty()) {
    result_.first_error = why;
  }
  connection.open(address_, kReconnectDelay);
  end_if_done();
}

void Driver::end_if_done() {
  if (is_all_sent() && in_flight_ == 0) {
    io_.stop();
  }
}

void Driver::finish() {
  result_.unanswered = in_flight_;
  if (pacer_ && !result_.stopped) {
    result_.unsent = pacer_->total() - result_.sent;
  }
  for (std::size_t status = 0; status < by_status_.size(); ++status) {
    if (by_status_[status] > 0) {
      result_.by_status[static_cast<int>(status)] = by_status_[status];
    }
  }
}

}  // namespace

std::uint64_t RunResult::with_status(int status) const {
  const auto found = by_status.find(status);
  return found == by_status.end() ? 0 : found->second;
}

std::uint64_t RunResult::refused() const {
  return with_status(kTooManyRequests) + with_status(kUnavailable);
}

double RunResult::seconds() const {
  return std::chrono::duration<double>(last_answered - first_sent).count();
}

double RunResult::answered_per_second() const {
  return seconds() > 0 ? static_cast<double>(answered) / seconds() : 0;
}

tl::expected<RunResult, std::string> run_load(const Endpoint& endpoint, Workload& workload,
                                              const RunOptions& options) {
  Driver driver(workload, options);
  return driver.run(endpoint);
}

}  // namespace holdfast::load
