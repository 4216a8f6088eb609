#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/decide_settlement.h"
#include "domain/decide_step.h"
#include "domain/plan.h"
#include "domain/progress.h"
#include "domain/provider_for_test.h"

namespace holdfast::samples {

inline const StepPolicy kShopPolicy{Milliseconds{600'000}, Milliseconds{1'000},
                                    RefundPolicy{Milliseconds{5'000}, Milliseconds{60'000}}};

/// A shop in memory that does what the domain decides and nothing else: a ledger of what can be
/// sold, a book of stock, points, orders and refunds, messages, calls to a provider, operators. Its
/// commands may come in any order, late or repeated; messages and answers get lost; those commands
/// that find nothing to do do nothing. A violated rule is returned as text.
class Shop {
 public:
  Shop(Plan plan, std::map<Sku, std::int64_t> loaded);

  /// Numbers from outside pick what a command is about, so that any numbers make a command.
  void place(std::size_t salt);
  void settle(std::size_t which);
  void ask_refund(std::size_t which, std::size_t salt);
  enum class Fate { once, again, lost };
  /// A message that is due is handled, handled and delivered again, or lost.
  void deliver(std::size_t which, Fate fate, std::size_t salt);
  /// A call reaches the provider.
  void arrive(std::size_t which, Mood mood);
  enum class Ending { answered, timed_out, crashed };
  /// The caller gets the answer, gives up waiting for it, or dies.
  void end_call(std::size_t which, Ending ending, std::size_t salt);
  /// An outside party reports a step, whether it is asked for or not.
  void report(std::size_t which, std::size_t salt);
  void pass_time(Milliseconds by) { now_ += by; }
  void sweep();
  void retry_parked(std::size_t which);
  void discard_parked(std::size_t which);
  /// The ledger came back with older data: it believes in units that the book has not.
  void forget_sales(std::size_t salt);

  /// Every server is well, operators see to what is parked, and time passes until nothing is due.
  void drain();
  /// Everything that was ever sent comes once more.
  void repeat_everything();

  /// The first broken rule, if any. To be called after each command.
  [[nodiscard]] std::optional<std::string> violation() const;
  /// What must hold besides once everything is drained.
  [[nodiscard]] std::optional<std::string> violation_at_rest() const;

  /// How often each final state was reached and each answer given, for the test of the test.
  [[nodiscard]] std::map<std::string, int> tally() const;

 private:
  struct Stock {
    std::int64_t loaded = 0;
    std::int64_t sold = 0;
    std::int64_t returned = 0;
    std::int64_t available = 0;  ///< the ledger's
    std::int64_t phantoms = 0;   ///< units that the ledger was wrong about
  };
  struct Sale {
    OrderAggregate rows;
    bool deducted = false;  ///< its units are in `sold`
    std::optional<OrderStatus> closed;
  };
  struct Message {
    std::size_t sale = 0;
    std::optional<RefundId> refund;  ///< a wake-up of this refund; else of `action`
    StepAction action;
    Instant due;
    bool retried = false;  ///< sent by an operator, and confirmed
  };
  struct Parked {
    std::size_t sale = 0;
    StepAction action;
  };
  struct PendingCall {
    std::size_t sale = 0;
    Call call;
  };

  [[nodiscard]] std::size_t index_of(const Sale& sale) const;
  Sale* sale(std::size_t which);
  void send(const Sale& sale, const Dispatch& dispatch);
  void wake(const Sale& sale, const RefundId& refund, Milliseconds delay);
  /// Writes what was decided and does what is to be done about it.
  void perform(Sale& sale, Progress progress, bool advanced = true);
  void check_writing(const Sale& sale, const OrderAggregate& after);
  void check_repeat(const OrderAggregate& after);
  void release_stock(Sale& sale);
  [[nodiscard]] bool book_has(const Order& order) const;
  void refuse(Sale& sale, const Refusal& refusal);
  void handle(const Message& message, std::size_t salt);
  void begin(const Message& message, std::size_t salt);
  void call(Sale& sale, const StepAction& action, std::uint32_t attempt);
  void look(Sale& sale, const RefundId& refund_id);
  void answer(PendingCall& pending, const StepAnswer& answer, std::size_t salt);
  /// The next moment at which something is due; nullopt: never.
  [[nodiscard]] std::optional<Instant> next_event() const;
  [[nodiscard]] RefundRequest request_from(const Order& order, std::size_t salt) const;
  [[nodiscard]] std::optional<std::string> money_violation(const Sale& sale) const;
  [[nodiscard]] std::optional<std::string> parked_violation() const;
  [[nodiscard]] std::optional<std::string> stock_violation(const Sku& sku,
                                                           const Stock& stock) const;
  [[nodiscard]] std::optional<std::string> provider_violation(const Sale& sale) const;
  [[nodiscard]] std::optional<std::string> provider_violation(const Sale& sale,
                                                              const Step& step) const;

  Plan plan_;
  std::map<Sku, Stock> stock_;
  std::vector<Sale> sales_;
  std::vector<Message> messages_;
  std::vector<Message> sent_;  ///< all there ever were
  std::vector<PendingCall> calls_;
  std::map<std::string, Parked> parked_;  ///< by idempotency key
  Provider provider_;
  std::int64_t points_balance_ = 0;
  Instant now_{Milliseconds{1'000'000}};
  std::optional<std::string> broken_;  ///< a rule that a command itself found broken
  std::map<std::string, int> tally_;
};

}  // namespace holdfast::samples
