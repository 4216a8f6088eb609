#include "adapters/rabbitmq/url.h"

#include <gtest/gtest.h>

namespace holdfast::rabbitmq {
namespace {

TEST(AmqpUrl, AllPartsAreRead) {
  const auto url = parse_amqp_url("amqp://shop:p%40ss@mq.example:5673/sales");
  ASSERT_TRUE(url) << url.error();
  EXPECT_EQ(url->host, "mq.example");
  EXPECT_EQ(url->port, 5673);
  EXPECT_EQ(url->user, "shop");
  EXPECT_EQ(url->password, "p@ss");
  EXPECT_EQ(url->virtual_host, "sales");
}

TEST(AmqpUrl, PartsLeftOutAreRabbitMqsDefaults) {
  const auto url = parse_amqp_url("amqp://localhost");
  ASSERT_TRUE(url) << url.error();
  EXPECT_EQ(url->port, 5672);
  EXPECT_EQ(url->user, "guest");
  EXPECT_EQ(url->password, "guest");
  EXPECT_EQ(url->virtual_host, "/");
  EXPECT_EQ(parse_amqp_url("amqp://h/%2f")->virtual_host, "/");
}

TEST(AmqpUrl, WhatIsNoUrlIsRefusedWithoutShowingThePassword) {
  for (const char* text : {"", "redis://h", "amqps://u:secret@h", "amqp://u:secret@h:port/",
                           "amqp://u:secret@h:99999/"}) {
    const auto url = parse_amqp_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace holdfast::rabbitmq
