#include "http/json_reader.h"

#include <gtest/gtest.h>

#include <string>

#include "http/request_bodies.h"

namespace holdfast::http {
namespace {

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST(JsonDocument, RefusesWhatIsNotJson) {
  for (const std::string& text : {
           std::string(""),
           std::string("{"),
           std::string("[1,]"),
           std::string("{\"a\":1,}"),
           std::string("{} x"),
           std::string("{}{}"),
           std::string("{'a':1}"),
           std::string("{a:1}"),
           std::string("nul"),
           std::string("01"),
           std::string("+1"),
           std::string(".5"),
           std::string("1."),
           std::string("NaN"),
           std::string("// c\n{}"),
           std::string("\"\t\""),
           std::string("\"\\x\""),
           std::string("\xef\xbb\xbf{}"),
           std::string("\"\xff\""),
           std::string("\"\xc0\xaf\""),
           std::string("\"\xed\xa0\x80\""),
           std::string("\"\\ud800\""),
           std::string("\"\\udc00\""),
           std::string("\"\\ud800\\u0041\""),
           std::string("{}\0", 3),
           std::string(" "),
       }) {
    JsonDocument document;
    EXPECT_TRUE(document.parse(text)) << "accepted: " << text;
  }
}

TEST(JsonDocument, AcceptsWhatIsJson) {
  for (const char* text : {"{}", " \r\n\t{ } \n", "[]", "0", "-0", "\"\"", "null", "1.5e3",
                           "\"\\ud83d\\ude00\"", "\"\xe4\xb8\xad\"", "{\"\":1}"}) {
    JsonDocument document;
    EXPECT_EQ(document.parse(text), std::nullopt) << text;
    EXPECT_TRUE(document.faults().empty()) << text;
  }
}

TEST(JsonDocument, MayBe32Deep) {
  JsonDocument document;
  EXPECT_FALSE(document.parse(repeated("[", 32) + repeated("]", 32)));
  EXPECT_TRUE(document.parse(repeated("[", 33) + repeated("]", 33)));
  EXPECT_FALSE(document.parse(repeated("{\"a\":", 32) + "1" + repeated("}", 32)));
  EXPECT_TRUE(document.parse(repeated("{\"a\":", 33) + "1" + repeated("}", 33)));
}

TEST(JsonDocument, DecodesEscapesAcrossParts) {
  JsonDocument document;
  ASSERT_FALSE(document.parse(R"({"k\u0065y":"a\n\u4e2d\ud83d\ude00\"z"})"));
  const auto& member = document.node(1);
  EXPECT_EQ(member.key, "key");
  EXPECT_EQ(member.text, "a\n\xe4\xb8\xad\xf0\x9f\x98\x80\"z");
}

TEST(JsonDocument, NotesDuplicatesWithTheirPointer) {
  JsonDocument document;
  ASSERT_FALSE(document.parse(R"({"a":[{"x/~":1,"x\u002f~":2}],"b":1,"b":2})"));
  ASSERT_EQ(document.faults().list().size(), 2U);
  EXPECT_EQ(document.faults().list()[0].pointer, "/a/0/x~1~0");
  EXPECT_EQ(document.faults().list()[1].pointer, "/b");
}

TEST(JsonDocument, NotesDuplicatesAmongMany) {
  std::string text = "{";
  for (int i = 0; i < 9000; ++i) text += "\"" + std::to_string(i) + "\":0,";
  text += "\"77\":1}";
  JsonDocument document;
  ASSERT_FALSE(document.parse(text));
  ASSERT_EQ(document.faults().list().size(), 1U);
  EXPECT_EQ(document.faults().list()[0].pointer, "/77");
}

TEST(ObjectReader, TakesOnlyIntegersWrittenAsSuch) {
  struct Case {
    const char* number;
    bool integer;
    std::int64_t value;
  };
  for (const Case& c :
       {Case{"0", true, 0}, Case{"-0", true, 0}, Case{"-5", true, -5},
        Case{"9223372036854775807", true, INT64_MAX}, Case{"-9223372036854775808", true, INT64_MIN},
        Case{"9223372036854775808", false, 0}, Case{"-9223372036854775809", false, 0},
        Case{"18446744073709551615", false, 0}, Case{"18446744073709551616", false, 0},
        Case{"1.0", false, 0}, Case{"1e3", false, 0}, Case{"1E0", false, 0},
        Case{"1e999999", false, 0}, Case{"1e99999999999999999999", false, 0},
        Case{"\"1\"", false, 0}, Case{"true", false, 0}, Case{"null", false, 0},
        Case{"[1]", false, 0}}) {
    JsonDocument document;
    ASSERT_FALSE(document.parse(std::string("{\"n\":") + c.number + "}")) << c.number;
    ObjectReader reader(document, document.root());
    const auto value = reader.integer("n", Presence::required);
    EXPECT_EQ(value.has_value(), c.integer) << c.number;
    if (c.integer) {
      EXPECT_EQ(value, c.value);
    } else {
      ASSERT_FALSE(document.faults().empty()) << c.number;
      EXPECT_EQ(document.faults().list()[0].pointer, "/n");
    }
  }
}

/// Pointers of the faults of an order's body; empty: accepted; "json": not JSON.
std::vector<std::string> order_faults(std::string_view body) {
  JsonDocument document;
  if (document.parse(body)) return {"json"};
  std::vector<std::string> pointers;
  if (document.cut_short()) {
    for (const FieldError& error : document.faults().list()) pointers.push_back(error.pointer);
    return pointers;
  }
  const auto request = read_order_request(document);
  if (!request) {
    EXPECT_EQ(request.error().kind.code, "invalid_request");
    for (const FieldError& error : request.error().errors) pointers.push_back(error.pointer);
  }
  return pointers;
}

using Pointers = std::vector<std::string>;

TEST(OrderBody, EveryFaultIsNamedOnce) {
  struct Case {
    const char* body;
    Pointers faults;
  };
  const char* good_line = R"({"sku":"A","quantity":1,"unit_price":1})";
  const std::string head = R"({"user_id":"u","currency":"CNY","lines":[)";
  EXPECT_EQ(order_faults(head + good_line + "]}"), Pointers{});
  EXPECT_EQ(order_faults("[]"), Pointers{""});
  EXPECT_EQ(order_faults("3"), Pointers{""});
  EXPECT_EQ(order_faults("{}"), (Pointers{"/user_id", "/currency", "/lines"}));
  EXPECT_EQ(order_faults(head + "]}"), Pointers{"/lines"});
  EXPECT_EQ(order_faults(head + "1]}"), Pointers{"/lines/0"});
  EXPECT_EQ(order_faults(head + "{}]}"),
            (Pointers{"/lines/0/sku", "/lines/0/quantity", "/lines/0/unit_price"}));
  EXPECT_EQ(order_faults(head + good_line + "," + good_line + "]}"), Pointers{"/lines/1/sku"});
  EXPECT_EQ(order_faults(head + R"({"sku":null,"quantity":"1","unit_price":1.0})" + "]}"),
            (Pointers{"/lines/0/sku", "/lines/0/quantity", "/lines/0/unit_price"}));
  EXPECT_EQ(order_faults(head + R"({"sku":"A","quantity":0,"unit_price":-1,"x":1})" + "]}"),
            (Pointers{"/lines/0/x", "/lines/0/quantity", "/lines/0/unit_price"}));
  EXPECT_EQ(order_faults(head + good_line + R"(],"plan":null,"extra":1})"),
            (Pointers{"/plan", "/extra"}));
  EXPECT_EQ(order_faults(head + good_line + R"(],"order_id":"x"})"), Pointers{"/order_id"});
  EXPECT_EQ(order_faults(head + good_line + R"(],"attributes":{"k":"a\u0000b","l":1,"l":"x"}})"),
            (Pointers{"/attributes/l", "/attributes/k", "/attributes/l"}));
  EXPECT_EQ(order_faults(head + good_line + R"(],"attributes":{"k":"v"},"plan":"p"})"), Pointers{});
}

TEST(OrderBody, ANumberBeyondAnyRangeIsItsOnlyFault) {
  EXPECT_EQ(order_faults(R"({"a":1,"user_id":1e99999999999})"), Pointers{"/user_id"});
}

TEST(OrderBody, FaultsAreBounded) {
  std::string body = "{";
  for (int i = 0; i < 5000; ++i) body += "\"f" + std::to_string(i) + "\":0,";
  body.back() = '}';
  EXPECT_EQ(order_faults(body).size(), 100U);
}

TEST(RefundBody, WhatToDoWithAnIncompleteOrderIsWaitUnlessSaid) {
  JsonDocument document;
  ASSERT_FALSE(document.parse(R"({"when_incomplete":"preempt"})"));
  EXPECT_EQ(read_refund_request(document)->when_incomplete, WhenIncomplete::preempt);
  ASSERT_FALSE(document.parse(R"({"when_incomplete":"wait"})"));
  EXPECT_EQ(read_refund_request(document)->when_incomplete, WhenIncomplete::wait);
  ASSERT_FALSE(document.parse("{}"));
  EXPECT_EQ(read_refund_request(document)->when_incomplete, WhenIncomplete::wait);
  ASSERT_FALSE(document.parse(R"({"when_incomplete":"perhaps"})"));
  const auto request = read_refund_request(document);
  ASSERT_FALSE(request);
  ASSERT_EQ(request.error().errors.size(), 1U);
  EXPECT_EQ(request.error().errors[0].pointer, "/when_incomplete");
}

TEST(RefundBody, AbsentLinesMeanAllAndEmptyOnesAreRefused) {
  JsonDocument document;
  ASSERT_FALSE(document.parse("{}"));
  EXPECT_FALSE(read_refund_request(document)->lines);
  ASSERT_FALSE(document.parse(R"({"lines":[]})"));
  EXPECT_FALSE(read_refund_request(document));
}

TEST(StockBody, ALimitMayBeAbsentNullOrANumber) {
  JsonDocument document;
  ASSERT_FALSE(document.parse(R"({"on_hand":5})"));
  EXPECT_FALSE(read_set_stock(document, Sku{"A"})->purchase_limit);
  ASSERT_FALSE(document.parse(R"({"on_hand":5,"purchase_limit":null})"));
  const auto removed = read_set_stock(document, Sku{"A"});
  ASSERT_TRUE(removed->purchase_limit);
  EXPECT_FALSE(*removed->purchase_limit);
  ASSERT_FALSE(document.parse(R"({"on_hand":5,"purchase_limit":2})"));
  EXPECT_EQ(*read_set_stock(document, Sku{"A"})->purchase_limit, 2);
  ASSERT_FALSE(document.parse(R"({"on_hand":1000000000001})"));
  EXPECT_FALSE(read_set_stock(document, Sku{"A"}));
}

}  // namespace
}  // namespace holdfast::http
