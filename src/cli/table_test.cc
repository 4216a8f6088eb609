#include "cli/table.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <sstream>

namespace holdfast::cli {
namespace {

template <class Printed>
std::string text_of(const Printed& printed) {
  std::ostringstream out;
  printed.print(out);
  return out.str();
}

TEST(Table, AlignsColumnsAndSetsNumbersRight) {
  Table table({"SKU", "UNITS", "NOTE"});
  table.add({"A-1", "5", "x"});
  table.add({"LONG-SKU", "12345", "yy"});
  EXPECT_EQ(text_of(table),
            "SKU       UNITS  NOTE\n"
            "A-1           5  x\n"
            "LONG-SKU  12345  yy\n");
}

TEST(Table, AMissingNumberStaysInANumberColumn) {
  Table table({"LIMIT", "N"});
  table.add({"-", "-1"});
  table.add({"10", "2"});
  EXPECT_EQ(text_of(table), "LIMIT   N\n    -  -1\n   10   2\n");
}

TEST(Table, AColumnOfNothingIsNoNumberColumn) {
  std::ostringstream out;
  Table table({"STEP", "ERROR"});
  table.add({"stock", "-"});
  table.print(out);
  EXPECT_EQ(out.str(), "STEP   ERROR\nstock  -\n");
}

TEST(Table, WideCharactersTakeTwoColumns) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("\xE5\x9C\x86\xE9\x80\x9A"), 4U);  // 圆通
  EXPECT_EQ(display_width("e\xCC\x81"), 1U);                 // e and a combining accent
  Table table({"A", "B"});
  table.add({"\xE5\x9C\x86", "x"});
  table.add({"ab", "y"});
  EXPECT_EQ(text_of(table), "A   B\n\xE5\x9C\x86  x\nab  y\n");
}

TEST(Printable, DisarmsWhatSteersATerminal) {
  EXPECT_EQ(printable("plain \xE5\x9C\x86"), "plain \xE5\x9C\x86");
  EXPECT_EQ(printable("\x1B[31mred\n"), "?[31mred?");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "?31m");  // C1 CSI
  EXPECT_EQ(printable("a\xE2\x80\xAE"
                      "b"),
            "a?b");                                            // right-to-left override
  EXPECT_EQ(printable("\xFF\xC0\xAF\xED\xA0\x80"), "??????");  // no UTF-8
  EXPECT_EQ(printable("\xE5\x9C"), "??");                      // cut off
}

TEST(Cell, ShowsAnyJson) {
  const auto object =
      boost::json::parse(
          R"({"s":"t","n":null,"e":"","i":-3,"b":true,"a":["x",2],"z":[],"o":{"in":7}})")
          .as_object();
  EXPECT_EQ(cell(object, "s"), "t");
  EXPECT_EQ(cell(object, "n"), "-");
  EXPECT_EQ(cell(object, "e"), "-");
  EXPECT_EQ(cell(object, "i"), "-3");
  EXPECT_EQ(cell(0.25), "0.25");
  EXPECT_EQ(cell(341.5), "341.5");
  EXPECT_EQ(cell(0.0), "0");
  EXPECT_EQ(cell(object, "b"), "true");
  EXPECT_EQ(cell(object, "a"), "x, 2");
  EXPECT_EQ(cell(object, "z"), "-");
  EXPECT_EQ(cell(object, "o"), R"({"in":7})");
  EXPECT_EQ(cell(object, "o.in"), "7");
  EXPECT_EQ(cell(object, "o.out"), "-");
  EXPECT_EQ(cell(object, "missing"), "-");
}

TEST(Document, IsFactsAndThenTables) {
  std::ostringstream out;
  print_document(out, boost::json::parse(R"({
    "balanced": true,
    "skus": [{"sku": "A", "sold": 10}, {"sku": "B", "sold": 2, "held": 1}],
    "outbox": {"entries": 0, "oldest_at": null},
    "idle": []
  })"));
  EXPECT_EQ(out.str(),
            "balanced          true\n"
            "outbox.entries    0\n"
            "outbox.oldest_at  -\n"
            "idle              -\n"
            "\n"
            "skus\n"
            "sku  sold  held\n"
            "A      10     -\n"
            "B       2     1\n");
}

}  // namespace
}  // namespace holdfast::cli
