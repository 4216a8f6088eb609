#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "domain/order.h"
#include "domain/step_action.h"

namespace holdfast::samples {

/// A call on its way to the other side of a step. It may arrive long after its caller gave it up.
struct Call {
  StepAction action;
  StepKind kind = StepKind::http;
  std::uint32_t attempt = 0;
  std::int64_t amount = 0;
  bool forward_unknown = false;
  Instant lease_until;
  bool answered = false;             ///< its caller waits no more
  std::optional<StepAnswer> answer;  ///< set once it has arrived
};

/// What the other side makes of a call that it has not seen before.
enum class Mood { fine, declines, unavailable, defers };

/// The other sides of all remote steps: each remembers what it did under which key, and complains
/// of a call that an honest caller would not make (I4, I5).
class Provider {
 public:
  /// A call arrives.
  StepAnswer arrive(const Call& call, Mood mood);
  /// What was put off takes place now, or does not. Nullopt: nothing is put off there.
  std::optional<StepReport> make_up_its_mind(const OrderId& order, const StepName& step,
                                             bool succeeds);
  /// An outside party does what an `await` step waits for.
  void take(const OrderId& order, const StepName& step, std::int64_t amount);
  /// What was given back for this cause is settled by people.
  void write_off(const OrderId& order, const std::string& cause);

  [[nodiscard]] bool has_taken(const OrderId& order, const StepName& step) const;
  /// What was given back for one cause; nullopt: nothing was asked for.
  [[nodiscard]] std::optional<std::int64_t> given_back(const OrderId& order, const StepName& step,
                                                       const std::string& cause) const;
  /// What is kept in the end.
  [[nodiscard]] std::int64_t kept(const OrderId& order, const StepName& step) const;
  [[nodiscard]] const std::optional<std::string>& complaint() const { return complaint_; }

 private:
  struct Account {
    bool taken = false;
    bool declined = false;
    bool put_off = false;
    bool refuses = false;  ///< a reverse came that did not know of the forward
    std::int64_t amount = 0;
    std::map<std::string, std::int64_t> given_back;  ///< by cause
  };
  using Key = std::pair<OrderId, StepName>;

  [[nodiscard]] const Account* find(const OrderId& order, const StepName& step) const;
  StepAnswer take_forward(Account& account, const Call& call, Mood mood);
  StepAnswer take_reverse(Account& account, const Call& call, Mood mood);
  void complain(const std::string& of, const Call& call);

  std::map<Key, Account> accounts_;
  std::map<OrderId, std::map<std::string, bool>> written_off_;
  std::optional<std::string> complaint_;
};

}  // namespace holdfast::samples
