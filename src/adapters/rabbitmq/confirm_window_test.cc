#include "adapters/rabbitmq/confirm_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::rabbitmq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ConfirmWindow<char> sent(const char* items) {
  ConfirmWindow<char> window;
  for (; *items != '\0'; ++items) window.sent(*items);
  return window;
}

TEST(ConfirmWindow, ConfirmsComeInAnyOrder) {
  auto window = sent("abcde");
  EXPECT_THAT(window.settle(3, false), ElementsAre('c'));
  EXPECT_EQ(window.span(), 5U) << "the oldest is open, so the window stays as wide";
  EXPECT_THAT(window.settle(4, true), ElementsAre('a', 'b', 'd'));
  EXPECT_EQ(window.span(), 1U);
  window.sent('f');
  EXPECT_THAT(window.settle(6, false), ElementsAre('f'));
  EXPECT_THAT(window.settle(5, false), ElementsAre('e'));
  EXPECT_EQ(window.span(), 0U);
}

TEST(ConfirmWindow, ZeroWithMultipleIsAll) {
  auto window = sent("ab");
  EXPECT_THAT(window.settle(0, true), ElementsAre('a', 'b'));
  EXPECT_THAT(window.settle(0, true), IsEmpty());
}

TEST(ConfirmWindow, AStrangeNumberSettlesNothing) {
  auto window = sent("ab");
  EXPECT_THAT(window.settle(3, false), IsEmpty());
  EXPECT_THAT(window.settle(3, true), IsEmpty());
  EXPECT_THAT(window.settle(1, false), ElementsAre('a'));
  EXPECT_THAT(window.settle(1, false), IsEmpty());
  EXPECT_THAT(window.settle(1, true), IsEmpty());
}

TEST(ConfirmWindow, ResetGivesWhatIsOpenInOrderAndCountsAnew) {
  auto window = sent("abc");
  window.settle(2, false);
  EXPECT_THAT(window.reset(), ElementsAre('a', 'c'));
  window.sent('x');
  EXPECT_THAT(window.settle(1, false), ElementsAre('x'));
}

TEST(ConfirmWindow, FindSeesOnlyWhatIsOpen) {
  auto window = sent("aab");
  window.settle(1, false);
  char* found = window.find([](char item) { return item == 'a'; });
  ASSERT_NE(found, nullptr);
  *found = 'z';
  EXPECT_EQ(window.find([](char item) { return item == 'a'; }), nullptr);
  EXPECT_THAT(window.settle(2, false), ElementsAre('z'));
}

}  // namespace
}  // namespace holdfast::rabbitmq
