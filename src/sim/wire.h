#pragma once

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "async/completion.h"
#include "ports/errors.h"
#include "sim/faults.h"
#include "sim/history.h"
#include "sim/scheduler.h"
#include "sim/server.h"
#include "sim/sites.h"

namespace holdfast::sim {

/// What all wires have in common.
struct Network {
  Scheduler& scheduler;
  Context& servers;  ///< where requests are carried out
  Faults& faults;
  Sites& sites;
  Random random;                                          ///< of latencies
  std::function<void(const std::string& process)> die{};  ///< ends a process, soon
  /// Ends one process's connection to a server, soon.
  std::function<void(const std::string& process, Server& server)> disconnect{};
  /// The token in the ledger's own table; "": none.
  std::function<std::string()> ledger_generation{};
  std::vector<Sale> sales{};
  /// Outbox entries whose message the broker has confirmed (I8).
  std::set<std::string> confirmed{};
  std::vector<std::string> violations{};
  Instant last_arrival{};  ///< of what arrives long after it was sent
  Instant alarm_until{};   ///< until then the broker takes no message

  Milliseconds latency() { return Milliseconds{random.between(0, 3)}; }
};

/// What connects one process, for as long as it lives, with the servers: requests travel, are
/// carried out there, and the replies come back, each with what the seed lets go wrong. A process
/// that has died is told nothing; what it had sent goes on.
class Wire : public std::enable_shared_from_this<Wire> {
 public:
  Wire(Network& network, Context& process, std::string name)
      : network_(network), process_(process), name_(std::move(name)) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] Network& network() { return network_; }
  /// Notes where flows wait.
  void note_waits(Sites& sites) const {
    for (const auto& [id, pending] : pending_) sites.died_waiting(pending.site);
  }
  /// From here on nothing comes back.
  void cut() {
    dead_ = true;
    pending_.clear();
  }
  /// Tells every call that waits for `server` that its connection is gone.
  void lose_connection(const Server& server) {
    std::vector<std::uint64_t> lost;
    for (const auto& [id, pending] : pending_) {
      if (pending.server == &server) lost.push_back(id);
    }
    for (const auto id : lost) end(id, connection_lost(server));
  }

  /// Lets `carry_out` be run by `server`. `site` is where the flow made the call.
  template <class T>
  boost::asio::awaitable<PortResult<T>> call(
      Site site, Server& server, std::function<boost::asio::awaitable<PortResult<T>>()> carry_out) {
    const CallFault fault = network_.faults.of_call(name_, site.call, network_.scheduler.now());
    network_.sites.passed(site, fault);
    if (fault == CallFault::crash_before) co_await die();
    // Where a server has a connection for each client, nothing is lost but with all of it.
    const bool lost = fault == CallFault::lose_request || fault == CallFault::lose_reply ||
                      fault == CallFault::late || fault == CallFault::refuse;
    if (lost && server.has_sessions) network_.disconnect(name_, server);
    if (!server.up || fault == CallFault::refuse) {
      co_await pause(Milliseconds{1});
      co_return tl::unexpected<PortError>(refused(server));
    }
    std::optional<PortResult<T>> result;
    auto keep = [&](std::unique_ptr<async::detail::Resumption> waiting) {
      const auto id = add<T>(site, server, std::move(waiting), &result);
      send<T>(id, server, fault, std::move(carry_out));
      give_up_later(id, server);
    };
    co_await async::detail::suspend(keep);
    if (fault == CallFault::crash_after) co_await die();
    co_return std::move(*result);
  }

  /// Likewise, for what may take its time: the caller waits for as long as the connection holds,
  /// and only the caller can fail.
  template <class T>
  boost::asio::awaitable<PortResult<T>> wait_for(
      Site site, Server& server, std::function<boost::asio::awaitable<PortResult<T>>()> carry_out) {
    if (!server.up) {
      co_await pause(Milliseconds{1});
      co_return tl::unexpected<PortError>(refused(server));
    }
    network_.sites.passed(site, CallFault::none);
    std::optional<PortResult<T>> result;
    auto keep = [&](std::unique_ptr<async::detail::Resumption> waiting) {
      const auto id = add<T>(site, server, std::move(waiting), &result);
      send<T>(id, server, CallFault::none, std::move(carry_out));
    };
    co_await async::detail::suspend(keep);
    co_return std::move(*result);
  }

  /// Waits in the process's own time.
  boost::asio::awaitable<void> pause(Milliseconds duration) {
    auto keep = [this, duration](std::unique_ptr<async::detail::Resumption> waiting) {
      network_.scheduler.at(network_.scheduler.now() + duration, process_,
                            make_task([waiting = std::move(waiting)] { waiting->resume(); }));
    };
    co_await async::detail::suspend(keep);
  }

 private:
  struct Pending {
    Site site;
    const Server* server = nullptr;
    std::unique_ptr<async::detail::Resumption> waiting;
    std::function<void(PortError)> fail;
    void* result = nullptr;  ///< the optional<PortResult<T>> in the caller's frame
  };
  static constexpr Milliseconds kForEver{std::int64_t{1} << 50};
  static constexpr Milliseconds kVeryLate{300'000};

  template <class T>
  std::uint64_t add(const Site& site, const Server& server,
                    std::unique_ptr<async::detail::Resumption> waiting,
                    std::optional<PortResult<T>>* result) {
    Pending pending;
    pending.site = site;
    pending.server = &server;
    pending.waiting = std::move(waiting);
    pending.fail = [result](PortError error) {
      result->emplace(tl::unexpected<PortError>(std::move(error)));
    };
    pending.result = result;
    pending_.emplace(++last_id_, std::move(pending));
    return last_id_;
  }

  boost::asio::awaitable<void> die() {
    network_.die(name_);
    co_await pause(kForEver);
  }

  void end(std::uint64_t id, PortError error) {
    const auto found = pending_.find(id);
    if (found == pending_.end()) return;
    Pending pending = std::move(found->second);
    pending_.erase(found);
    pending.fail(std::move(error));
    pending.waiting->resume();
  }

  template <class T>
  void reply(std::uint64_t id, PortResult<T> result) {
    const auto found = pending_.find(id);
    if (found == pending_.end()) return;
    Pending pending = std::move(found->second);
    pending_.erase(found);
    static_cast<std::optional<PortResult<T>>*>(pending.result)->emplace(std::move(result));
    pending.waiting->resume();
  }

  void give_up_later(std::uint64_t id, const Server& server) {
    network_.scheduler.at(network_.scheduler.now() + server.timeout, process_,
                          make_task([this, id, &server] { end(id, timed_out(server)); }));
  }

  template <class T>
  void send(std::uint64_t id, Server& server, CallFault fault,
            std::function<boost::asio::awaitable<PortResult<T>>()> carry_out) {
    if (fault == CallFault::lose_request) return;
    auto travel = network_.latency();
    if (fault == CallFault::late) {
      travel = server.timeout + Milliseconds{network_.random.between(1, kVeryLate.count())};
      network_.last_arrival = std::max(network_.last_arrival, network_.scheduler.now() + travel);
    }
    auto serve = [weak = weak_from_this(), id, &server, fault, epoch = server.epoch,
                  carry_out = std::move(carry_out), &network = network_]() mutable {
      boost::asio::co_spawn(network.servers.executor(),
                            serve_request<T>(network, std::move(weak), id, server, fault, epoch,
                                             std::move(carry_out)),
                            boost::asio::detached);
    };
    network_.scheduler.at(network_.scheduler.now() + travel, network_.servers,
                          make_task(std::move(serve)));
  }

  template <class T>
  static boost::asio::awaitable<void> serve_request(
      Network& network, std::weak_ptr<Wire> caller, std::uint64_t id, Server& server,
      CallFault fault, std::uint64_t epoch,
      std::function<boost::asio::awaitable<PortResult<T>>()> carry_out) {
    if (!server.up || server.epoch != epoch) co_return;
    auto result = co_await carry_out();
    if (fault == CallFault::lose_reply || fault == CallFault::late) co_return;
    network.scheduler.at(
        network.scheduler.now() + network.latency(), network.servers,
        make_task([caller, id, &server, epoch, result = std::move(result)]() mutable {
          const auto wire = caller.lock();
          if (wire && !wire->dead_ && server.epoch == epoch) {
            wire->reply<T>(id, std::move(result));
          }
        }));
  }

  Network& network_;  // HELD NOT OWNED
  Context& process_;  // HELD NOT OWNED
  std::string name_;
  bool dead_ = false;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, Pending> pending_;
};

}  // namespace holdfast::sim
