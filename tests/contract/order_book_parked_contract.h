#pragma once

#include "tests/contract/order_book_fixture.h"

namespace holdfast::testing {

class OrderBookParkedContract : public OrderBookSuite {
 protected:
  static constexpr Milliseconds kLease{60'000};

  static ParkedMessage message(std::uint64_t number, const std::string& queue = "holdfast.refunds",
                               const std::string& reason = "attempts_exhausted") {
    ParkedMessage message;
    message.id = uuid(0xdd, number);
    message.queue = QueueName{queue};
    message.reason = reason;
    message.subject = "subject-" + std::to_string(number);
    message.order_id = order_id(number);
    message.refund_id = refund_id(number);
    message.step = StepName{"payment"};
    message.attempts = 8;
    message.first_at = at(static_cast<std::int64_t>(number));
    message.last_at = message.first_at + kSecond;
    message.detail = "503 from \xe6\x94\xaf\xe4\xbb\x98";
    message.body = std::string("{\"v\":1}\0\xff", 9);
    return message;
  }
  std::vector<ParkedMessage> list(const ParkedFilter& filter = {}) {
    return done(book_->list_parked(filter, PageRequest{50, std::nullopt})).items;
  }
  std::vector<ParkedMessage> claim(const ParkedFilter& filter = {}, std::size_t limit = 100,
                                   Instant now = at(0)) {
    return done(book_->claim_parked(filter, limit, now, kLease));
  }
  static ParkedFilter by_id(std::uint64_t number) {
    ParkedFilter filter;
    filter.id = uuid(0xdd, number);
    return filter;
  }
  static AuditEntry audit() { return AuditEntry{"ops", "parked.retry", "all of them", kNoon}; }
  static void expect_same(const ParkedMessage& a, const ParkedMessage& b) {
    EXPECT_EQ(a.id, b.id);
    EXPECT_EQ(a.queue, b.queue);
    EXPECT_EQ(a.reason, b.reason);
    EXPECT_EQ(a.subject, b.subject);
    EXPECT_EQ(a.order_id, b.order_id);
    EXPECT_EQ(a.refund_id, b.refund_id);
    EXPECT_EQ(a.step, b.step);
    EXPECT_EQ(a.attempts, b.attempts);
    EXPECT_EQ(a.first_at, b.first_at);
    EXPECT_EQ(a.last_at, b.last_at);
    EXPECT_EQ(a.detail, b.detail);
    EXPECT_EQ(a.body, b.body);
  }
};

TEST_P(OrderBookParkedContract, a_message_reads_back_as_it_was_recorded) {
  auto bare = message(2);
  bare.order_id.reset();
  bare.refund_id.reset();
  bare.step.reset();
  done(book_->record_parked({message(1), bare}));
  const auto listed = list();
  ASSERT_EQ(listed.size(), 2U);
  expect_same(listed[0], bare);
  expect_same(listed[1], message(1));
  EXPECT_EQ(done(book_->backlog()).parked, 2);
}

TEST_P(OrderBookParkedContract, text_that_is_not_utf8_does_not_keep_a_message_from_being_parked) {
  auto odd = message(1);
  odd.detail = std::string("bad \xff\xc3( nul \0 end", 17);
  done(book_->record_parked({odd}));
  ASSERT_EQ(list().size(), 1U);
  EXPECT_EQ(list()[0].detail.substr(0, 4), "bad ");
  EXPECT_EQ(list()[0].body, odd.body);
}

TEST_P(OrderBookParkedContract, a_known_subject_moves_forward) {
  done(book_->record_parked({message(1)}));
  auto again = message(1);
  again.id = uuid(0xdd, 77);
  again.attempts = 16;
  again.first_at = at(100);
  again.last_at = at(101);
  again.detail = "still 503";
  for (int i = 0; i < 2; ++i) done(book_->record_parked({again}));
  auto expected = message(1);
  expected.attempts = 16;
  expected.last_at = at(101);
  expected.detail = "still 503";
  ASSERT_EQ(list().size(), 1U);
  expect_same(list()[0], expected);
  // An older message of the same subject does not move it back.
  done(book_->record_parked({message(1)}));
  expect_same(list()[0], expected);
}

TEST_P(OrderBookParkedContract, one_call_may_bring_a_subject_twice) {
  auto later = message(1);
  later.id = uuid(0xdd, 77);
  later.attempts = 9;
  later.last_at = at(50);
  later.detail = "later";
  done(book_->record_parked({later, message(1)}));
  ASSERT_EQ(list().size(), 1U);
  EXPECT_EQ(list()[0].attempts, 9U);
  EXPECT_EQ(list()[0].last_at, at(50));
  EXPECT_EQ(list()[0].detail, "later");
}

TEST_P(OrderBookParkedContract, filters_and_pages) {
  std::vector<ParkedMessage> messages;
  for (std::uint64_t i = 1; i <= 7; ++i) {
    messages.push_back(message(i, i % 2 == 0 ? "even" : "odd", i < 4 ? "low" : "high"));
    messages.back().first_at = at(i < 6 ? 1 : 2);
  }
  done(book_->record_parked(messages));
  ParkedFilter filter;
  filter.queue = QueueName{"odd"};
  EXPECT_EQ(list(filter).size(), 4U);
  filter.reason = "high";
  EXPECT_EQ(list(filter).size(), 2U);
  filter.order_id = order_id(5);
  ASSERT_EQ(list(filter).size(), 1U);
  EXPECT_EQ(list(filter)[0].id, uuid(0xdd, 5));
  filter.order_id = order_id(4);
  EXPECT_TRUE(list(filter).empty());
  EXPECT_EQ(list(by_id(3)).size(), 1U);

  std::vector<Uuid> walked;
  PageRequest request{2, std::nullopt};
  do {
    const auto page = done(book_->list_parked({}, request));
    for (const auto& one : page.items) walked.push_back(one.id);
    request.cursor = page.next_cursor;
  } while (request.cursor);
  ASSERT_EQ(walked.size(), 7U);
  EXPECT_EQ(walked[0], uuid(0xdd, 7));
  EXPECT_EQ(walked[6], uuid(0xdd, 1));
}

TEST_P(OrderBookParkedContract, groups_count) {
  EXPECT_TRUE(done(book_->parked_groups()).empty());
  done(book_->record_parked(
      {message(1, "a", "x"), message(2, "a", "x"), message(3, "a", "y"), message(4, "b", "x")}));
  const auto groups = done(book_->parked_groups());
  ASSERT_EQ(groups.size(), 3U);
  for (const auto& group : groups) {
    const bool is_pair = group.queue.value == "a" && group.reason == "x";
    EXPECT_EQ(group.count, is_pair ? 2 : 1);
    EXPECT_EQ(group.oldest_at, at(is_pair ? 1 : group.reason == "y" ? 3 : 4));
  }
}

TEST_P(OrderBookParkedContract, a_claim_keeps_others_away_until_its_lease_ends) {
  done(book_->record_parked({message(3), message(1), message(2)}));
  const auto other = factory_->attach(loop_);
  const auto first = claim({}, 2);
  ASSERT_EQ(first.size(), 2U);
  expect_same(first[0], message(1));
  expect_same(first[1], message(2));
  EXPECT_EQ(done(other->claim_parked({}, 10, at(0), kLease)).size(), 1U);
  EXPECT_TRUE(claim().empty());
  EXPECT_EQ(list().size(), 3U) << "a claimed message is still shown";
  EXPECT_TRUE(claim(by_id(1), 1, at(59)).empty());
  EXPECT_EQ(claim(by_id(1), 1, at(60)).size(), 1U);
}

TEST_P(OrderBookParkedContract, a_claim_may_leave_what_was_parked_since) {
  done(book_->record_parked({message(1), message(2)}));
  ParkedFilter filter;
  filter.last_before = message(2).last_at;
  const auto claimed = claim(filter);
  ASSERT_EQ(claimed.size(), 1U);
  EXPECT_EQ(claimed[0].id, message(1).id);
}

TEST_P(OrderBookParkedContract, claims_at_once_share_the_messages) {
  std::vector<ParkedMessage> messages;
  for (std::uint64_t i = 0; i < 20; ++i) messages.push_back(message(i));
  done(book_->record_parked(messages));
  const auto other = factory_->attach(loop_);
  std::vector<boost::asio::awaitable<PortResult<std::vector<ParkedMessage>>>> calls;
  for (int i = 0; i < 4; ++i) {
    calls.push_back(book_->claim_parked({}, 5, at(0), kLease));
    calls.push_back(other->claim_parked({}, 5, at(0), kLease));
  }
  std::set<Uuid> claimed;
  std::size_t count = 0;
  for (const auto& result : all(std::move(calls))) {
    ASSERT_TRUE(result) << result.error().detail;
    for (const auto& one : *result) claimed.insert(one.id);
    count += result->size();
  }
  EXPECT_EQ(count, claimed.size()) << "a message was claimed twice";
  const auto left = claim();
  for (const auto& one : left) claimed.insert(one.id);
  EXPECT_EQ(count + left.size(), 20U);
  EXPECT_EQ(claimed.size(), 20U);
}

TEST_P(OrderBookParkedContract, removed_messages_are_gone) {
  done(book_->record_parked({message(1), message(2)}));
  for (int i = 0; i < 2; ++i) {
    done(book_->remove_parked({uuid(0xdd, 1), uuid(0xdd, 9)}, audit()));
    ASSERT_EQ(list().size(), 1U);
    EXPECT_EQ(list()[0].id, uuid(0xdd, 2));
  }
  done(book_->record_parked({message(1)}));
  EXPECT_EQ(list().size(), 2U) << "a subject may be parked anew";
}

TEST_P(OrderBookParkedContract, what_is_parked_again_while_it_is_sent_again_is_not_removed) {
  done(book_->record_parked({message(1)}));
  const auto claimed = claim();
  // Sent again, it failed at once and was parked before the claim's end.
  auto again = message(1);
  again.id = uuid(0xdd, 77);
  again.last_at = at(30);
  again.body = "the later message";
  done(book_->record_parked({again}));
  done(book_->remove_parked({claimed.at(0).id}, audit()));
  ASSERT_EQ(list().size(), 1U);
  EXPECT_EQ(list()[0].body, "the later message");
  EXPECT_EQ(claim().size(), 1U);
}

TEST_P(OrderBookParkedContract, backlog_counts_refunds_by_status) {
  EXPECT_FALSE(done(book_->backlog()).oldest_hold_at);
  open();
  settle(order(1));
  std::vector<Refund> refunds;
  const RefundStatus statuses[] = {RefundStatus::waiting,         RefundStatus::waiting,
                                   RefundStatus::reversing,       RefundStatus::refunded,
                                   RefundStatus::needs_attention, RefundStatus::void_};
  for (const auto status : statuses) {
    refunds.push_back(refund(refunds.size() + 1, order_id(1)));
    refunds.back().status = status;
  }
  write_refunds(1, refunds);
  const auto backlog = done(book_->backlog());
  EXPECT_EQ(backlog.waiting, 2);
  EXPECT_EQ(backlog.reversing, 1);
  EXPECT_EQ(backlog.needs_attention, 1);
  EXPECT_EQ(backlog.unreleased, 0);
  EXPECT_EQ(backlog.oldest_hold_at, at(1));
}

}  // namespace holdfast::testing
