#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/faults.h"
#include "sim/history.h"
#include "sim/process.h"
#include "sim/provider.h"
#include "sim/scheduler.h"
#include "sim/settings.h"
#include "sim/storage.h"
#include "sim/worker.h"
#include "sim/workload.h"

namespace holdfast::sim {

/// What a run consists of. Two worlds of the same choice do the same, task for task.
struct Choice {
  std::uint64_t seed = 1;
  std::optional<std::set<std::string>> faults;      ///< only these of the seed's; unset: all
  std::optional<std::set<std::size_t>> operations;  ///< likewise
};

/// One run: some processes of Holdfast over simulated servers, clients, faults. First everything
/// goes wrong that the seed says, then all is healed and has to come to an end.
class World {
 public:
  explicit World(Choice choice);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Runs to quiet, or to where quiet must have come. False: it has not.
  bool run();

  [[nodiscard]] const History& history() const { return history_; }
  [[nodiscard]] const Workload& workload() const { return workload_; }
  [[nodiscard]] const Provider& provider() const { return provider_; }
  [[nodiscard]] const Faults& faults() const { return faults_; }
  [[nodiscard]] const Sites& sites() const { return sites_; }
  [[nodiscard]] const std::vector<Sale>& sales() const { return network_.sales; }
  [[nodiscard]] const std::vector<HeardEvent>& heard() const { return heard_; }
  [[nodiscard]] const settings::Tuning& tuning() const { return tuning_; }
  [[nodiscard]] Storage& storage() { return storage_; }
  [[nodiscard]] Instant start() const { return start_; }
  [[nodiscard]] Instant now() const { return scheduler_.now(); }
  [[nodiscard]] std::uint64_t trace() const { return scheduler_.trace(); }
  [[nodiscard]] std::uint64_t steps() const { return scheduler_.steps(); }
  /// What was wrong while it ran, in words; a sentence each.
  [[nodiscard]] std::vector<std::string> violations() const {
    auto all = violations_;
    all.insert(all.end(), network_.violations.begin(), network_.violations.end());
    return all;
  }
  /// Why it is not quiet, in words.
  [[nodiscard]] std::string unrest();

 private:
  /// A place for a process: one after the other lives in it.
  struct Slot {
    std::string name;
    int incarnation = 0;
    std::unique_ptr<Process> process;
  };

  void start_process(std::size_t slot);
  void end_process(std::size_t slot);
  void kill(const std::string& process, Milliseconds down_for);
  void plan_faults();
  void begin(const Faults::Planned& fault);
  void take_away(Server& server, Milliseconds lasts);
  void bring_back(Server& server);
  void lose_connections(Server& server);
  void disconnect(const std::string& process, Server& server);
  void lose_ledger(const std::string* image);
  void heal();
  /// An operator, who sends parked messages again now and then.
  void keep_retrying();
  void hear(const std::string& event);

  void plan_operations();
  void send(std::size_t operation, int tries_left);
  void answer(std::size_t sending, Knowledge knowledge, std::string said, std::string standing);
  void send_place(Process& process, const Operation& operation, std::size_t sending);
  void send_refund(Process& process, const Operation& operation, std::size_t sending);
  void send_report(Process& process, const Operation& operation, std::size_t sending);
  void send_stock(Process& process, const Operation& operation, std::size_t sending);
  void send_retry(Process& process, std::size_t sending);
  void send_discard(Process& process, std::size_t sending);
  void send_look(Process& process, const Operation& operation, std::size_t sending);
  void send_browse(Process& process, const Operation& operation, std::size_t sending);
  void send_reconcile(Process& process, std::size_t sending);
  void set_up_stock();
  static boost::asio::awaitable<void> set_up_one(Process& process, StockAtStart stock);

  template <class F>
  void later(Milliseconds after, F function) {
    scheduler_.at(scheduler_.now() + after, director_, make_task(std::move(function)));
  }
  void run_until(Instant when);
  Process* some_process();

  Choice choice_;
  Random random_;
  settings::Tuning tuning_;
  Instant start_;
  Scheduler scheduler_;
  Context director_;  ///< what the simulator itself does
  Context server_side_;
  Faults faults_;
  Sites sites_;
  Network network_;
  Servers servers_;
  Provider provider_;
  Storage storage_;
  Worker worker_;
  std::unique_ptr<embedded::Listening> listening_;
  std::vector<HeardEvent> heard_;
  Workload workload_;
  History history_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::string ledger_image_;
  std::vector<std::string> violations_;
  bool healed_ = false;
};

}  // namespace holdfast::sim
