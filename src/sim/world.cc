#include "sim/world.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <utility>

#include "sim/evidence.h"

namespace holdfast::sim {
namespace {

constexpr Instant kStart{Milliseconds{1'700'000'000'000}};
constexpr Milliseconds kPatience{120'000};           // until a fresh world sells
constexpr Milliseconds kLook{5'000};                 // between two looks for quiet
constexpr Milliseconds kQuietWithin{3 * 3'600'000};  // after everything is healed
constexpr std::uint32_t kDirector = 1;
constexpr std::uint32_t kServerSide = 2;
constexpr std::uint32_t kFirstProcess = 16;

boost::asio::awaitable<void> keep_plans(std::shared_ptr<embedded::EmbeddedOrderBook> book,
                                        std::vector<Plan> plans) {
  static_cast<void>(co_await book->store_plans(std::move(plans)));
}

}  // namespace

World::World(Choice choice)
    : choice_(std::move(choice)),
      random_(choice_.seed),
      tuning_(settings::tuning_of(choice_.seed)),
      start_(kStart),
      scheduler_(random_.fork(), kStart),
      director_(scheduler_, kDirector),
      server_side_(scheduler_, kServerSide),
      faults_(choice_.seed, choice_.faults),
      network_{scheduler_, server_side_, faults_, sites_, random_.fork()},
      provider_(choice_.seed, true),
      storage_(server_side_, tuning_.tells_events ? settings::kEventSource : ""),
      worker_(network_, storage_, provider_, StepName{"pick"}),
      workload_(draw_workload(random_.fork(), tuning_.retention)) {
  listening_ = storage_.listen([this](const OutgoingMessage& event) { hear(event.body); });
  network_.ledger_generation = [this] { return ledger_generation(storage_); };
  network_.die = [this](const std::string& process) { kill(process, Milliseconds{0}); };
  network_.disconnect = [this](const std::string& process, Server& server) {
    later(server.timeout, [this, process, &server] { disconnect(process, server); });
  };
  const auto processes = random_.between(1, 3);
  for (std::int64_t i = 0; i < processes; ++i) {
    slots_.push_back(std::make_unique<Slot>());
    slots_.back()->name = "p" + std::to_string(i + 1);
  }
}

World::~World() {
  for (std::size_t i = 0; i < slots_.size(); ++i) end_process(i);
  director_.close();
  server_side_.close();
}

bool World::run() {
  worker_.start();
  for (std::size_t i = 0; i < slots_.size(); ++i) start_process(i);
  const Instant patience_ends = start_ + kPatience;
  const auto sells = [this] {
    for (const auto& slot : slots_) {
      if (!slot->process->guard.generation()) return false;
    }
    return true;
  };
  while (!sells() && scheduler_.now() < patience_ends) scheduler_.step();
  if (!sells()) {
    violations_.push_back("a fresh world does not sell");
    return false;
  }
  set_up_stock();
  faults_.start();
  plan_faults();
  plan_operations();
  run_until(scheduler_.now() + workload_.length);
  heal();
  const Instant healed_at = scheduler_.now();
  while (scheduler_.now() < healed_at + kQuietWithin) {
    run_until(scheduler_.now() + kLook);
    if (unrest().empty() && scheduler_.now() > network_.last_arrival + kLook) return true;
  }
  return false;
}

void World::run_until(Instant when) {
  bool reached = false;
  scheduler_.at(when, director_, make_task([&reached] { reached = true; }));
  while (!reached && violations_.empty()) scheduler_.step();
}

void World::start_process(std::size_t slot) {
  Slot& at = *slots_[slot];
  const auto number = kFirstProcess + static_cast<std::uint32_t>(slot);
  auto name = at.name + "." + std::to_string(++at.incarnation);
  auto tuning = tuning_;
  tuning.changes_plans = tuning.changes_plans && at.incarnation > 1;
  at.process = std::make_unique<Process>(network_, servers_, provider_, tuning, storage_.connect(),
                                         std::move(name), number, random_.fork());
  // Before it starts, a process sees to it that the book has its plans.
  boost::asio::co_spawn(server_side_.executor(),
                        keep_plans(at.process->links.book, settings::plans(tuning.changes_plans)),
                        boost::asio::detached);
  at.process->start();
}

void World::end_process(std::size_t slot) {
  Slot& at = *slots_[slot];
  if (!at.process) return;
  const Links links = at.process->links;
  at.process->note_waits(sites_);
  at.process.reset();
  links.bus->stop();
}

void World::kill(const std::string& process, Milliseconds down_for) {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    auto& slot = *slots_[i];
    if (!slot.process || slot.process->name() != process) continue;
    if (down_for == Milliseconds{0}) down_for = Milliseconds{random_.between(10, 6'000)};
    // Not at once: it may be the process itself that says so.
    later(Milliseconds{0}, [this, i, process, down_for] {
      auto& dying = *slots_[i];
      if (!dying.process || dying.process->name() != process) return;
      end_process(i);
      later(down_for, [this, i] {
        if (!slots_[i]->process) start_process(i);
      });
    });
  }
}

void World::plan_faults() {
  for (const auto& fault : faults_.of_world(workload_.length)) {
    if (fault.fault == WorldFault::ledger_loses_tail) {
      // What it will have on disk when it comes back.
      const auto age = Milliseconds{static_cast<std::int64_t>(fault.detail % 20'000)};
      later(std::max(Milliseconds{0}, fault.after - age),
            [this] { ledger_image_ = storage_.ledger_image(); });
    }
    later(fault.after, [this, fault] {
      if (!healed_) begin(fault);
    });
  }
}

void World::begin(const Faults::Planned& fault) {
  faults_.fired(fault.key, scheduler_.now());
  switch (fault.fault) {
    case WorldFault::kill_process:
      if (auto* process = some_process()) kill(process->name(), fault.lasts);
      return;
    case WorldFault::jump_clock:
      if (auto* process = some_process()) {
        process->clock.jump(
            Milliseconds{static_cast<std::int64_t>(fault.detail % 60'000) - 30'000});
      }
      return;
    case WorldFault::ledger_away: return take_away(servers_.ledger, fault.lasts);
    case WorldFault::ledger_loses_tail: return lose_ledger(&ledger_image_);
    case WorldFault::ledger_loses_all: return lose_ledger(nullptr);
    case WorldFault::book_away: return take_away(servers_.book, fault.lasts);
    case WorldFault::broker_away: return take_away(servers_.broker, fault.lasts);
    case WorldFault::broker_resets_connections: return lose_connections(servers_.broker);
    case WorldFault::broker_alarm: network_.alarm_until = scheduler_.now() + fault.lasts; return;
  }
}

void World::take_away(Server& server, Milliseconds lasts) {
  server.up = false;
  lose_connections(server);
  later(lasts, [this, &server] { bring_back(server); });
}

void World::bring_back(Server& server) {
  if (server.up) return;
  server.up = true;
  if (&server != &servers_.ledger) return;
  for (auto& slot : slots_) {
    if (slot->process) slot->process->ledger.tell(true);
  }
}

void World::disconnect(const std::string& process, Server& server) {
  for (auto& slot : slots_) {
    if (!slot->process || slot->process->name() != process) continue;
    if (&server == &servers_.broker) storage_.reconnect_bus(slot->process->links);
    slot->process->wire->lose_connection(server);
  }
}

void World::lose_connections(Server& server) {
  server.drop_connections();
  for (auto& slot : slots_) {
    if (!slot->process) continue;
    Process& process = *slot->process;
    if (&server == &servers_.broker) storage_.reconnect_bus(process.links);
    if (&server == &servers_.book) storage_.reconnect_book(process.links);
    process.wire->lose_connection(server);
    if (&server == &servers_.ledger) process.ledger.tell(false);
  }
}

void World::lose_ledger(const std::string* image) {
  if (image != nullptr && !image->empty()) {
    storage_.restore_ledger(*image);
  } else {
    storage_.empty_ledger();
  }
  lose_connections(servers_.ledger);
  for (auto& slot : slots_) {
    if (!slot->process) continue;
    storage_.reconnect_ledger(slot->process->links);
    if (servers_.ledger.up) slot->process->ledger.tell(true);
  }
}

void World::heal() {
  healed_ = true;
  faults_.heal();
  provider_.heal();
  network_.alarm_until = scheduler_.now();
  for (auto* server : {&servers_.ledger, &servers_.book, &servers_.broker, &servers_.provider}) {
    bring_back(*server);
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i]->process) start_process(i);
  }
  keep_retrying();
}

void World::keep_retrying() {
  constexpr Milliseconds kOperatorLooks{30'000};
  later(kOperatorLooks, [this] {
    if (auto* process = some_process()) {
      boost::asio::co_spawn(process->executor(), process->parked.retry(ParkedFilter{}, "operator"),
                            [](std::exception_ptr, const auto&) {});
    }
    keep_retrying();
  });
}

Process* World::some_process() {
  std::vector<Process*> alive;
  for (auto& slot : slots_) {
    if (slot->process) alive.push_back(slot->process.get());
  }
  return alive.empty() ? nullptr : random_.pick(alive);
}

void World::hear(const std::string& event) {
  heard_.push_back(heard_event(storage_, event));
}

std::string World::unrest() {
  // Sales are open again to everybody: what the ledger has lost is noticed and made up for.
  for (const auto& slot : slots_) {
    if (!slot->process || !slot->process->guard.generation()) {
      return "the ledger is closed to " + slot->name;
    }
  }
  return sim::unrest(storage_);
}

}  // namespace holdfast::sim
