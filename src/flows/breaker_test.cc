#include "flows/breaker.h"

#include <gtest/gtest.h>

namespace holdfast::flows {
namespace {

OrderId order(std::uint8_t number) {
  OrderId id;
  id.value.bytes[15] = number;
  return id;
}

TEST(Breaker, OpensAfterSoManyFailuresInARow) {
  Breaker breaker(3);
  for (int i = 0; i < 2; ++i) breaker.failed(order(1));
  EXPECT_FALSE(breaker.is_open());
  breaker.failed(order(1));
  EXPECT_TRUE(breaker.is_open());
  breaker.failed(order(1));
  EXPECT_TRUE(breaker.is_open());
}

TEST(Breaker, ASuccessInBetweenStartsTheRowAnew) {
  Breaker breaker(3);
  for (int i = 0; i < 2; ++i) breaker.failed(order(1));
  breaker.succeeded();
  for (int i = 0; i < 2; ++i) breaker.failed(order(1));
  EXPECT_FALSE(breaker.is_open());
}

TEST(Breaker, ASuccessClosesIt) {
  Breaker breaker(2);
  for (std::uint8_t i = 0; i < 2; ++i) breaker.failed(order(i));
  ASSERT_TRUE(breaker.is_open());
  ASSERT_TRUE(breaker.forgives());
  breaker.succeeded();
  EXPECT_FALSE(breaker.is_open());
  EXPECT_FALSE(breaker.forgives());
}

TEST(Breaker, DoesNotForgiveOneOrderThatFailsAlone) {
  Breaker breaker(3);
  for (int i = 0; i < 100; ++i) breaker.failed(order(1));
  EXPECT_TRUE(breaker.is_open());
  EXPECT_FALSE(breaker.forgives());
}

TEST(Breaker, ForgivesOnceAsManyOrdersFailAsOpenIt) {
  Breaker breaker(3);
  for (std::uint8_t i = 1; i <= 2; ++i) breaker.failed(order(i));
  breaker.failed(order(2));
  EXPECT_TRUE(breaker.is_open());
  EXPECT_FALSE(breaker.forgives());
  breaker.failed(order(3));
  EXPECT_TRUE(breaker.forgives());
}

}  // namespace
}  // namespace holdfast::flows
