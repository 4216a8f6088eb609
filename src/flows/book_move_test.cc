#include "flows/book_move.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <map>
#include <sstream>

#include "domain/samples_for_test.h"

namespace holdfast::flows {
namespace {

using codec::ArchiveKind;
using codec::ArchiveRecord;

using Records = std::vector<ArchiveRecord>;

/// A book that is its records.
class ListedBook final : public BookArchive {
 public:
  PortResult<bool> read(const Take& take) override {
    for (const auto& record : records) {
      if (!take(record)) return false;
    }
    return true;
  }
  PortResult<void> write(const Next& next) override {
    Records taken;
    for (;;) {
      auto record = next();
      if (!record) return tl::unexpected(record.error());
      if (!*record) break;
      taken.push_back(std::move(**record));
    }
    records = std::move(taken);
    return {};
  }

  Records records;
};

ArchiveRecord record(const std::string& line) {
  return codec::record_from_json(boost::json::parse(line)).value();
}

ArchiveRecord sku(const std::string& name, std::int64_t loaded) {
  return record(R"({"sku":{"sku":")" + name + R"(","loaded":)" + std::to_string(loaded) +
                R"(,"sold":0,"returned":0,"limit_version":0}})");
}

/// Of 3 units of A-1 and 2 of B-2, worth 35 points under the default plan. Placed at 1,000 ms.
ArchiveRecord unsettled(std::uint8_t number, const Plan& plan = default_plan()) {
  auto order = make_order(samples::order_request(), plan, samples::identity());
  order.id = samples::id<OrderId>(number);
  ArchiveRecord record;
  record.kind = ArchiveKind::unsettled;
  record.fields.emplace("order", boost::json::parse(codec::to_payload(order, "generation-1")));
  return record;
}

std::string exported(const Records& records) {
  ListedBook book;
  book.records = records;
  std::ostringstream out;
  codec::ArchiveWriter writer(out, {"0.1.0", samples::at_ms(1)});
  const auto summary = export_book(book, writer, [](const ArchiveSummary&) {});
  EXPECT_TRUE(summary);
  return out.str();
}

struct Imported {
  ListedBook book;
  ArchiveSummary summary;
  std::size_t refused = 0;

  [[nodiscard]] Records of(ArchiveKind kind) const {
    Records found;
    for (const auto& one : book.records) {
      if (one.kind == kind) found.push_back(one);
    }
    return found;
  }
  [[nodiscard]] std::int64_t sum(ArchiveKind kind, const char* field) const {
    std::int64_t total = 0;
    for (const auto& one : of(kind)) total += one.fields.at(field).as_int64();
    return total;
  }
};

BookImport import_at(std::int64_t now_ms) {
  return BookImport({StepPolicy{}, EventWriter("/holdfast/test", true), samples::at_ms(now_ms)});
}

Imported imported(const Records& records, std::int64_t now_ms = 2'000) {
  const auto text = exported(records);
  auto import = import_at(now_ms);
  Imported result;
  std::istringstream in(text);
  codec::ArchiveReader first(in);
  const auto summary = import.examine(first);
  if (!summary) throw std::runtime_error(summary.error().detail);
  result.summary = *summary;
  std::istringstream again(text);
  codec::ArchiveReader second(again);
  const auto written = import.write(second, result.book, [](const ArchiveSummary&) {});
  if (!written) throw std::runtime_error(written.error().detail);
  result.refused = import.refused();
  return result;
}

TEST(BookMove, records_come_through_as_they_are_and_the_move_is_noted) {
  const Records records{sku("A-1", 5),
                        record(R"({"audit":{"actor":"ops","action":"noted","detail":"",)"
                               R"("at":"2023-11-14T22:13:20.123Z"}})")};
  const auto found = imported(records);
  ASSERT_EQ(found.book.records.size(), 3U);
  EXPECT_EQ(found.book.records[0].fields, records[0].fields);
  EXPECT_EQ(found.book.records[1].fields, records[1].fields);
  EXPECT_EQ(found.book.records[2].fields.at("action").as_string(), "book.import");
  EXPECT_EQ(found.summary.count(ArchiveKind::sku), 1U);
  EXPECT_EQ(found.summary.records(), 2U);
}

TEST(BookMove, an_accepted_order_is_settled_on_the_way) {
  const auto found = imported({sku("A-1", 10), sku("B-2", 2), unsettled(1)});
  const auto orders = found.of(ArchiveKind::order);
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_EQ(orders[0].fields.at("status").as_string(), "completed");
  EXPECT_EQ(found.sum(ArchiveKind::sku, "sold"), 5);
  EXPECT_EQ(found.sum(ArchiveKind::stock_movement, "delta"), -5);
  EXPECT_EQ(found.sum(ArchiveKind::points_movement, "delta"), 35);
  const auto movements = found.of(ArchiveKind::stock_movement);
  EXPECT_EQ(movements.at(0).fields.at("at").as_string(), "1970-01-01T00:00:01.000Z")
      << "a SKU's orders are found by the time at which they were placed";
  EXPECT_EQ(found.of(ArchiveKind::event).size(), 2U);  // accepted, completed
  EXPECT_TRUE(found.of(ArchiveKind::unsettled).empty());
  EXPECT_EQ(found.summary.count(ArchiveKind::unsettled), 1U);
  EXPECT_EQ(found.refused, 0U);
}

TEST(BookMove, every_record_that_it_makes_can_be_read_again) {
  const auto found = imported({sku("A-1", 10), sku("B-2", 10), unsettled(1)});
  for (const auto& one : found.book.records) {
    const auto again = codec::record_from_json(boost::json::parse(codec::to_line(one)));
    EXPECT_TRUE(again) << codec::to_line(one) << ": " << again.error().detail;
  }
}

TEST(BookMove, orders_that_the_book_has_no_units_for_are_cancelled_and_the_others_are_not) {
  // Enough of A-1 for two orders, of B-2 for one and a half.
  const auto found = imported({sku("A-1", 6), sku("B-2", 3), unsettled(1), unsettled(2)});
  const auto orders = found.of(ArchiveKind::order);
  ASSERT_EQ(orders.size(), 2U);
  EXPECT_EQ(orders[0].fields.at("status").as_string(), "completed");
  EXPECT_EQ(orders[1].fields.at("status").as_string(), "cancelled");
  EXPECT_EQ(orders[1].fields.at("reason").as_string(), "stock_mismatch");
  EXPECT_TRUE(orders[1].fields.at("stock_released").as_bool()) << "no ledger holds its units";
  EXPECT_EQ(found.sum(ArchiveKind::sku, "sold"), 5);
  EXPECT_EQ(found.sum(ArchiveKind::stock_movement, "delta"), -5) << "taken and given back";
  EXPECT_EQ(found.refused, 1U);
}

TEST(BookMove, an_order_of_an_unknown_sku_is_cancelled) {
  const auto found = imported({sku("A-1", 6), unsettled(1)});
  EXPECT_EQ(found.of(ArchiveKind::order).at(0).fields.at("status").as_string(), "cancelled");
  EXPECT_EQ(found.sum(ArchiveKind::sku, "sold"), 0);
}

TEST(BookMove, an_order_that_somebody_else_takes_part_in_waits_for_the_sweep) {
  Plan plan;
  plan.name = PlanName{"card"};
  plan.steps = {samples::step("stock", StepKind::stock),
                samples::step("payment", StepKind::http, {"stock"})};
  const auto found = imported({sku("A-1", 3), sku("B-2", 2), unsettled(1, plan)});
  const auto order = found.of(ArchiveKind::order).at(0).fields;
  EXPECT_EQ(order.at("status").as_string(), "processing");
  EXPECT_EQ(order.at("next_check_at").as_string(), "1970-01-01T00:00:12.000Z");
  EXPECT_EQ(found.sum(ArchiveKind::sku, "sold"), 5);

  constexpr std::int64_t kTwoDays = 172'800'000;
  const auto late = imported({sku("A-1", 3), sku("B-2", 2), unsettled(1, plan)}, kTwoDays);
  EXPECT_EQ(late.of(ArchiveKind::order).at(0).fields.at("reason").as_string(), "timed_out");
  EXPECT_EQ(late.sum(ArchiveKind::sku, "sold"), 5);
  EXPECT_EQ(late.sum(ArchiveKind::sku, "returned"), 5);
  EXPECT_EQ(late.sum(ArchiveKind::stock_movement, "delta"), 0);
}

TEST(BookMove, accounts_are_counted_not_their_movements) {
  const auto movement = [](const std::string& user) {
    return record(R"({"points_movement":{"user_id":")" + user +
                  R"(","at":"2023-11-14T22:13:20.123Z","kind":"order","cause":"c","delta":1}})");
  };
  const auto found = imported({movement("u-1"), movement("u-1"), movement("u-2")});
  EXPECT_EQ(found.summary.points_accounts(), 2U);
}

TEST(BookMove, an_archive_that_is_cut_is_found_out_before_anything_is_written) {
  const auto text = exported({sku("A-1", 5)});
  std::istringstream in(text.substr(0, text.size() - 5));
  codec::ArchiveReader reader(in);
  const auto summary = import_at(1).examine(reader);
  ASSERT_FALSE(summary);
}

TEST(BookMove, an_archive_that_changes_in_between_is_not_written) {
  const auto text = exported({sku("A-1", 5)});
  auto import = import_at(1);
  std::istringstream in(text);
  codec::ArchiveReader first(in);
  ASSERT_TRUE(import.examine(first));
  std::istringstream cut(text.substr(0, text.size() - 5));
  codec::ArchiveReader second(cut);
  ListedBook book;
  EXPECT_FALSE(import.write(second, book, [](const ArchiveSummary&) {}));
  EXPECT_TRUE(book.records.empty());
}

TEST(BookMove, a_full_disk_is_no_export) {
  ListedBook book;
  book.records = {sku("A-1", 5), sku("B-2", 5)};
  std::ostringstream out;
  codec::ArchiveWriter writer(out, {"0.1.0", samples::at_ms(1)});
  out.setstate(std::ios::badbit);
  EXPECT_FALSE(export_book(book, writer, [](const ArchiveSummary&) {}));
}

}  // namespace
}  // namespace holdfast::flows
