#include "adapters/embedded/bus_topics.h"

#include <gtest/gtest.h>

#include <vector>

namespace holdfast::embedded::bus {
namespace {

TEST(BusTopics, PatternsMatchAsInATopicExchange) {
  struct Case {
    const char* pattern;
    const char* topic;
    bool matches;
  };
  // From the AMQP 0-9-1 specification, section 3.1.3.3, and around it.
  const std::vector<Case> cases{
      {"*.stock.#", "usd.stock", true},
      {"*.stock.#", "eur.stock.db", true},
      {"*.stock.#", "stock.nasdaq", false},
      {"order.*", "order.completed", true},
      {"order.*", "order", false},
      {"order.*", "order.completed.late", false},
      {"order.*", "orders.completed", false},
      {"#", "order.completed", true},
      {"#", "order", true},
      {"order.#", "order", true},
      {"order.completed", "order.completed", true},
      {"order.completed", "order.complete", false},
      {"#.completed", "order.completed", true},
      {"#.completed", "completed", true},
      {"#.completed", "order.completed.late", false},
      {"order.#.late", "order.late", true},
      {"order.#.late", "order.a.b.late", true},
      {"#.*", "order", true},
      {"*", "", true},
      {"*.*", "order", false},
  };
  for (const auto& [pattern, topic, matches] : cases) {
    EXPECT_EQ(topic_matches(pattern, topic), matches) << pattern << " and " << topic;
  }
}

OutgoingMessage event(const std::string& topic) {
  OutgoingMessage message;
  message.topic = topic;
  return message;
}

TEST(BusTopics, WhoListensIsToldUntilItsEnd) {
  const auto topics = std::make_shared<Topics>();
  std::vector<std::string> heard;
  const auto into = [&heard](const std::string& name) {
    return [&heard, name](const OutgoingMessage& message) {
      heard.push_back(name + " " + *message.topic);
    };
  };
  EXPECT_FALSE(topics->anybody_listens("order.completed"));
  auto first = topics->listen("order.*", into("first"));
  const auto second = topics->listen("#", into("second"));
  EXPECT_TRUE(topics->anybody_listens("order.completed"));
  topics->tell(event("order.completed"));
  first.reset();
  topics->tell(event("order.completed"));
  topics->tell(event("refund.refunded"));
  EXPECT_EQ(heard, (std::vector<std::string>{"first order.completed", "second order.completed",
                                             "second order.completed", "second refund.refunded"}));
}

}  // namespace
}  // namespace holdfast::embedded::bus
