#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/embedded/broker.h"
#include "adapters/sqlite/database.h"
#include "sim/links.h"
#include "sim/scheduler.h"

namespace holdfast::sim {

/// What the servers of a run keep: the embedded stores, in memory, each a database of its own, so
/// that one can lose what another has.
class Storage {
 public:
  /// `event_source`: of the events of stock; empty: there are none.
  Storage(Context& context, std::string event_source);
  ~Storage();

  /// New connections for one process.
  Links connect();
  void reconnect_ledger(Links& links);
  void reconnect_book(Links& links);
  void reconnect_bus(Links& links);

  /// The ledger as it stands, for `restore_ledger`.
  [[nodiscard]] std::string ledger_image() const { return ledger_->image(); }
  /// Replaces the ledger: by an earlier image of it, or by an empty one.
  void restore_ledger(const std::string& image);
  void empty_ledger();

  /// Hears every event that is published.
  [[nodiscard]] std::unique_ptr<embedded::Listening> listen(embedded::EventSink sink) {
    return broker_->listen("#", std::move(sink));
  }

  sqlite::Database& ledger() { return *ledger_; }
  sqlite::Database& book() { return *book_; }
  sqlite::Database& bus() { return *bus_; }

 private:
  Context& context_;  // HELD NOT OWNED
  VirtualClock clock_{context_};
  embedded::BookOptions book_options_;
  std::unique_ptr<sqlite::Database> ledger_;
  std::unique_ptr<sqlite::Database> book_;
  std::unique_ptr<sqlite::Database> bus_;
  /// What requests on their way may still reach.
  std::vector<std::unique_ptr<sqlite::Database>> replaced_;
  std::unique_ptr<embedded::Broker> broker_;
  std::uint64_t buses_ = 0;
  std::uint64_t ledger_runs_ = 1;
};

}  // namespace holdfast::sim
