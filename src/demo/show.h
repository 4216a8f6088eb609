#pragma once

#include <atomic>
#include <boost/json.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tl/expected.hpp>
#include <vector>

#include "demo/report.h"
#include "load/identity.h"
#include "load/session.h"

namespace holdfast::demo {

inline constexpr std::size_t kBurstOrders = 2'000;
inline constexpr std::size_t kBurstConnections = 64;
inline constexpr std::int64_t kFlashUnits = 100;
inline constexpr std::int64_t kAmpleUnits = 5'000;
inline constexpr std::size_t kEarlyRefunds = 20;
inline constexpr std::chrono::seconds kBurstDeadline{60};
inline constexpr std::chrono::seconds kSettleDeadline{60};
inline constexpr std::chrono::seconds kRefundDeadline{60};
inline constexpr std::chrono::seconds kBooksDeadline{30};
inline constexpr std::chrono::seconds kPollWait{5};     // Prefer: wait, asked again and again
inline constexpr std::chrono::seconds kAnswerWait{20};  // Prefer: wait, asked once
inline constexpr std::chrono::seconds kCallTimeout{30};
inline constexpr std::chrono::milliseconds kPollEvery{50};

// The plans that the acts about payment ask for; `run` writes them into the configuration.
inline constexpr const char* kCardPlan = "card";          // paid at the provider, by a call
inline constexpr const char* kCheckoutPlan = "checkout";  // the buyer pays elsewhere, in time

struct Line {
  std::string sku;
  std::int64_t quantity = 0;
  std::int64_t unit_price = 0;
};

struct Order {
  std::string order_id;
  std::string user_id;
  std::vector<Line> lines;
  int status = 0;    // of the answer; 0: none came
  std::string code;  // of a refusal
  std::string plan;  // empty: the default one
  std::string psp;   // how the provider is to treat its charge; empty: as it treats others
};

struct Refund {
  std::string refund_id;
  std::string order_id;
};

// What the books must say of a SKU at the end, by what this run asked for and was granted.
struct Expected {
  std::int64_t loaded = 0;
  std::int64_t sold = 0;
  std::int64_t returned = 0;

  std::int64_t available() const { return loaded - sold + returned; }
};

// What the acts share: the connection, the names of this run, what has happened. Owned by main,
// used by one act after the other.
struct Show {
  Show(const load::Endpoint& endpoint, const std::optional<load::Endpoint>& psp, std::uint64_t seed,
       const std::atomic<bool>& stop)
      : session(endpoint, kCallTimeout), ids(seed), run(load::run_suffix(seed)), interrupted(stop) {
    if (psp) provider.emplace(*psp, kCallTimeout);
  }

  std::string sku(const std::string& name) const { return name + "-" + run; }
  void count_sold(const std::vector<Line>& lines, bool and_returned);

  load::Session session;
  std::optional<load::Session> provider;  // `holdfast psp`, where there is one
  load::IdSource ids;
  std::string run;  // new for each run, so that it works on books that hold earlier ones
  const std::atomic<bool>& interrupted;  // Ctrl-C
  std::vector<Order> burst;
  std::map<std::string, Expected> expected;  // by SKU
};

// The error: the server could not be reached, or did not answer in time.
using ActResult = tl::expected<void, load::CallError>;

ActResult bring_stock_in(Show& show, Act& act);
ActResult place_burst(Show& show, Act& act);
ActResult wait_until_settled(Show& show, Act& act);
ActResult ask_again(Show& show, Act& act);
ActResult refund_late(Show& show, Act& act);
ActResult refund_early(Show& show, Act& act);
ActResult pay_and_refund_in_part(Show& show, Act& act);
ActResult decline_payment(Show& show, Act& act);
ActResult preempt_payment(Show& show, Act& act);
ActResult lose_answer(Show& show, Act& act);
ActResult let_deadline_pass(Show& show, Act& act);
ActResult balance_books(Show& show, Act& act);

// Why the acts about payment cannot be played here; empty: they can.
std::string why_without_payment(Show& show);

// Shared by the acts.
std::string order_body(const Order& order);
load::Request place_request(const Order& order);

struct Reply {
  int status = 0;
  bool replayed = false;
  boost::json::value body;

  // "409 out_of_stock", for a check that did not hold.
  std::string summary() const;
};
tl::expected<Reply, load::CallError> ask(Show& show, const load::Request& request);
tl::expected<Reply, load::CallError> ask(load::Session& session, const load::Request& request);
load::Request get_request(const std::string& target, bool waits = false);
load::Request with_wait(load::Request request);  // Prefer: wait
// `more` are further members of the refund's body, as `,"reason":"…"`.
load::Request refund_request(const Refund& refund, const std::string& more = "");

bool is_in(const Reply& reply, std::string_view status);

// Asks until `is_there(answer)` or the deadline; the last answer either way.
template <typename Predicate>
tl::expected<Reply, load::CallError> ask_until(Show& show, load::Session& session,
                                               const load::Request& request,
                                               std::chrono::steady_clock::time_point deadline,
                                               Predicate is_there) {
  for (;;) {
    auto reply = ask(session, request);
    const bool is_late = std::chrono::steady_clock::now() >= deadline;
    if (!reply || is_there(*reply) || is_late || show.interrupted) {
      return reply;
    }
    std::this_thread::sleep_for(kPollEvery);
  }
}

}  // namespace holdfast::demo
