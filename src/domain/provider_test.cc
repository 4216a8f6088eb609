#include <gtest/gtest.h>

#include "domain/provider_for_test.h"
#include "domain/samples_for_test.h"

// The other side in the property tests (invariants_test.cc), and that it complains when it should.

namespace holdfast::samples {
namespace {

StepAnswer answer(StepAnswerKind kind, const std::string& reference = {}) {
  StepAnswer made;
  made.kind = kind;
  if (!reference.empty()) made.reference = reference;
  made.detail = "the provider says " + std::string{to_string(kind)};
  return made;
}

}  // namespace

void Provider::complain(const std::string& of, const Call& call) {
  if (!complaint_) complaint_ = of + ": " + call.action.idempotency_key();
}

StepAnswer Provider::arrive(const Call& call, Mood mood) {
  Account& account = accounts_[{call.action.order_id, call.action.step}];
  return call.action.direction == Direction::forward ? take_forward(account, call, mood)
                                                     : take_reverse(account, call, mood);
}

StepAnswer Provider::take_forward(Account& account, const Call& call, Mood mood) {
  if (account.refuses) return answer(StepAnswerKind::failed);
  if (account.taken) return answer(StepAnswerKind::done, "ch");
  if (account.declined) {
    auto no = answer(StepAnswerKind::failed);
    no.payment_declined = true;
    return no;
  }
  if (account.put_off) return answer(StepAnswerKind::awaiting);
  if (!account.given_back.empty()) complain("I4: a forward after its reverse", call);
  account.amount = call.amount;
  switch (mood) {
    case Mood::fine: account.taken = true; return answer(StepAnswerKind::done, "ch");
    case Mood::declines: account.declined = true; return take_forward(account, call, mood);
    case Mood::unavailable: return answer(StepAnswerKind::unknown);
    case Mood::defers: account.put_off = true; return answer(StepAnswerKind::awaiting);
  }
  return answer(StepAnswerKind::unknown);
}

StepAnswer Provider::take_reverse(Account& account, const Call& call, Mood mood) {
  const std::string& cause = call.action.cause;
  auto yes = answer(StepAnswerKind::done, "rf");
  const auto before = account.given_back.find(cause);
  if (before != account.given_back.end()) {
    if (call.kind != StepKind::amqp) yes.amount = before->second;
    return yes;
  }
  if (mood == Mood::declines) return answer(StepAnswerKind::failed);
  if (mood == Mood::unavailable || mood == Mood::defers) return answer(StepAnswerKind::unknown);
  if (!account.taken) {
    if (!call.forward_unknown) complain("I4: a reverse of what did not take place", call);
    account.refuses = true;
    account.put_off = false;
  }
  const auto written_off = written_off_.find(call.action.order_id);
  const auto is_written_off = [&](const std::string& which) {
    return written_off != written_off_.end() && written_off->second.contains(which);
  };
  std::int64_t before_it = 0;
  for (const auto& [other, amount] : account.given_back) {
    if (!is_written_off(other)) before_it += amount;
  }
  const std::int64_t amount = account.taken ? call.amount : 0;
  if (!is_written_off(cause) && before_it + amount > account.amount) {
    complain("I5: more is given back than was taken", call);
  }
  account.given_back[cause] = amount;
  if (call.kind != StepKind::amqp) yes.amount = amount;
  return yes;
}

std::optional<StepReport> Provider::make_up_its_mind(const OrderId& order, const StepName& step,
                                                     bool succeeds) {
  const auto found = accounts_.find({order, step});
  if (found == accounts_.end() || !found->second.put_off) return std::nullopt;
  Account& account = found->second;
  if (!account.taken && !account.declined) {
    account.taken = succeeds;
    account.declined = !succeeds;
  }
  return StepReport{account.taken, account.taken ? std::optional<std::string>{"ch"} : std::nullopt};
}

void Provider::take(const OrderId& order, const StepName& step, std::int64_t amount) {
  Account& account = accounts_[{order, step}];
  account.taken = true;
  account.amount = amount;
}

void Provider::write_off(const OrderId& order, const std::string& cause) {
  written_off_[order][cause] = true;
}

const Provider::Account* Provider::find(const OrderId& order, const StepName& step) const {
  const auto found = accounts_.find({order, step});
  return found == accounts_.end() ? nullptr : &found->second;
}

bool Provider::has_taken(const OrderId& order, const StepName& step) const {
  const Account* const account = find(order, step);
  return account != nullptr && account->taken;
}

std::optional<std::int64_t> Provider::given_back(const OrderId& order, const StepName& step,
                                                 const std::string& cause) const {
  const Account* const account = find(order, step);
  if (account == nullptr) return std::nullopt;
  const auto found = account->given_back.find(cause);
  return found == account->given_back.end() ? std::nullopt : std::optional{found->second};
}

std::int64_t Provider::kept(const OrderId& order, const StepName& step) const {
  const Account* const account = find(order, step);
  if (account == nullptr) return 0;
  std::int64_t kept = account->taken ? account->amount : 0;
  for (const auto& [cause, amount] : account->given_back) kept -= amount;
  return kept;
}

namespace {

Call call(Direction direction, const std::string& cause = {}, std::int64_t amount = 100) {
  Call made;
  made.action = {id<OrderId>(1), StepName{"pay"}, direction, cause};
  made.amount = amount;
  return made;
}

TEST(Provider, TakesAndGivesBackOnceUnderOneKey) {
  Provider provider;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(provider.arrive(call(Direction::forward), Mood::fine).kind, StepAnswerKind::done);
    EXPECT_EQ(provider.kept(id<OrderId>(1), StepName{"pay"}), 100);
  }
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(provider.arrive(call(Direction::reverse, "cancel"), Mood::fine).amount, 100);
    EXPECT_EQ(provider.kept(id<OrderId>(1), StepName{"pay"}), 0);
  }
  EXPECT_FALSE(provider.complaint().has_value());
}

TEST(Provider, ComplainsOfAReverseWithoutAForward) {
  Provider provider;
  provider.arrive(call(Direction::reverse, "cancel"), Mood::fine);
  EXPECT_TRUE(provider.complaint().has_value());
}

TEST(Provider, RefusesAForwardAfterAReverseThatDidNotKnow) {
  Provider provider;
  Call unknowing = call(Direction::reverse, "cancel");
  unknowing.forward_unknown = true;
  EXPECT_EQ(provider.arrive(unknowing, Mood::fine).amount, 0);
  EXPECT_EQ(provider.arrive(call(Direction::forward), Mood::fine).kind, StepAnswerKind::failed);
  EXPECT_FALSE(provider.has_taken(id<OrderId>(1), StepName{"pay"}));
  EXPECT_FALSE(provider.complaint().has_value());
}

TEST(Provider, ComplainsOfMoreGivenBackThanTaken) {
  Provider provider;
  provider.arrive(call(Direction::forward), Mood::fine);
  provider.arrive(call(Direction::reverse, "a", 60), Mood::fine);
  EXPECT_FALSE(provider.complaint().has_value());
  provider.arrive(call(Direction::reverse, "b", 41), Mood::fine);
  EXPECT_TRUE(provider.complaint().has_value());
}

}  // namespace
}  // namespace holdfast::samples
