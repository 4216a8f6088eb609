#include "codec/archive_file.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <sstream>
#include <vector>

namespace holdfast::codec {
namespace {

// The last line's digest is what sha256sum says of the three lines before it.
constexpr const char* kArchive =
    R"({"holdfast_export":1,"version":"0.1.0","exported_at":"2023-11-14T22:13:20.123Z"}
{"sku":{"sku":"A-1","loaded":5,"sold":2,"returned":0,"limit_version":0}}
{"audit":{"actor":"ops","action":"noted","detail":"a \"太\" b","at":"2023-11-14T22:13:20.123Z"}}
{"end":{"counts":{"sku":1,"audit":1},"sha256":"3aaf7ffadc85bbb10fcb8e68a8379d71a32e33c69342a625d3f506dc2254e119"}}
)";

struct Outcome {
  std::vector<ArchiveRecord> records;
  std::string fault;  ///< empty: the archive is whole
};

Outcome read_all(const std::string& text) {
  std::istringstream in(text);
  ArchiveReader reader(in);
  Outcome outcome;
  if (const auto header = reader.open(); !header) {
    outcome.fault = header.error().detail;
    return outcome;
  }
  for (;;) {
    auto record = reader.next();
    if (!record) {
      outcome.fault = record.error().detail;
      return outcome;
    }
    if (!*record) return outcome;
    outcome.records.push_back(std::move(**record));
  }
}

std::string fault_of_line(const std::string& line) {
  const auto record = record_from_json(boost::json::parse(line));
  return record ? "" : record.error().detail;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("not there: " + from);
  return text.replace(at, from.size(), to);
}

TEST(ArchiveFile, it_is_read_as_it_was_written) {
  const auto outcome = read_all(kArchive);
  EXPECT_EQ(outcome.fault, "");
  ASSERT_EQ(outcome.records.size(), 2U);
  EXPECT_EQ(outcome.records[0].kind, ArchiveKind::sku);
  EXPECT_EQ(outcome.records[0].fields.at("sold").as_int64(), 2);

  std::ostringstream out;
  ArchiveWriter writer(out, {"0.1.0", *parse_rfc3339("2023-11-14T22:13:20.123Z")});
  for (const auto& record : outcome.records) EXPECT_TRUE(writer.add(record));
  EXPECT_TRUE(writer.end());
  EXPECT_EQ(out.str(), kArchive);
}

TEST(ArchiveFile, a_writer_says_that_its_stream_has_failed) {
  std::ostringstream out;
  ArchiveWriter writer(out, {"0.1.0", {}});
  out.setstate(std::ios::badbit);
  EXPECT_FALSE(writer.add(read_all(kArchive).records.at(0)));
  EXPECT_FALSE(writer.end());
}

TEST(ArchiveFile, wherever_it_is_cut_it_is_refused) {
  const std::string whole = kArchive;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(read_all(whole.substr(0, length)).fault, "") << "cut at " << length;
  }
  EXPECT_TRUE(has(read_all(whole.substr(0, whole.find("{\"end\""))).fault, "cut"));
}

TEST(ArchiveFile, what_was_altered_added_or_taken_out_is_noticed) {
  const std::string whole = kArchive;
  EXPECT_TRUE(has(read_all(replaced(whole, "\"sold\":2", "\"sold\":3")).fault, "altered"));
  EXPECT_TRUE(has(read_all(replaced(whole, "0.1.0", "0.1.1")).fault, "altered"));
  EXPECT_TRUE(has(read_all(replaced(whole, "\"sku\":1", "\"sku\":2")).fault, "altered"));
  const auto sku = whole.find("{\"sku\":{");
  const auto audit = whole.find("{\"audit\"");
  EXPECT_TRUE(has(read_all(whole.substr(0, sku) + whole.substr(audit)).fault, "altered"));
  EXPECT_TRUE(has(read_all(whole + "\n").fault, "goes on"));
}

TEST(ArchiveFile, what_is_no_archive_or_another_format_is_told_apart) {
  const std::string whole = kArchive;
  for (const auto* text : {"", "\n", "SQLite format 3", "{}\n", "[1]\n", "{\"sku\":{}}\n"}) {
    EXPECT_TRUE(has(read_all(text).fault, "no export")) << text;
  }
  EXPECT_TRUE(has(read_all(replaced(whole, "_export\":1", "_export\":2")).fault, "format 2"));
}

TEST(ArchiveFile, a_fault_names_its_line) {
  const std::string whole = kArchive;
  EXPECT_TRUE(has(read_all(replaced(whole, "{\"sku\":{", "{\"sku\":[")).fault, "line 2: not JSON"));
  EXPECT_TRUE(has(read_all(replaced(whole, "{\"audit\"", "{\"odd\"")).fault, "line 3: `odd`"));
}

TEST(ArchiveRecordCodec, every_field_is_there_with_its_type_and_no_other) {
  const std::string event =
      R"({"event":{"id":"ee000000-0000-0000-0000-000000000001","type":"t","body":"{}",)"
      R"("at":"2023-11-14T22:13:20.123Z"}})";
  EXPECT_EQ(fault_of_line(event), "");
  EXPECT_TRUE(has(fault_of_line(replaced(event, "\"type\":\"t\",", "")), "`type` is missing"));
  EXPECT_TRUE(has(fault_of_line(replaced(event, "\"t\"", "7")), "`type` has another type"));
  EXPECT_TRUE(has(fault_of_line(replaced(event, "ee0", "xx0")), "`id`"));
  EXPECT_TRUE(has(fault_of_line(replaced(event, "T22", " 22")), "`at`"));
  EXPECT_TRUE(has(fault_of_line(replaced(event, "\"type\"", "\"odd\":1,\"type\"")), "not know"));
  EXPECT_TRUE(has(fault_of_line("7"), "not a record"));
  EXPECT_TRUE(has(fault_of_line("{}"), "not a record"));
  EXPECT_TRUE(has(fault_of_line(R"({"event":7})"), "no object"));
}

TEST(ArchiveRecordCodec, a_field_that_is_null_is_left_out) {
  const auto record = record_from_json(boost::json::parse(
      R"({"sku":{"sku":"a","loaded":1,"sold":0,"returned":0,"purchase_limit":null,"limit_version":0}})"));
  ASSERT_TRUE(record) << record.error().detail;
  EXPECT_FALSE(record->fields.contains("purchase_limit"));
  EXPECT_TRUE(has(fault_of_line(R"({"sku":{"sku":"a","loaded":null,"sold":0,"returned":0}})"),
                  "`loaded` is missing"));
}

TEST(ArchiveRecordCodec, what_the_domain_cannot_read_is_refused) {
  EXPECT_TRUE(has(fault_of_line(R"({"plan":{"plan":"p","version":"v","steps":[{"name":"x"}]}})"),
                  "`steps` cannot be read"));
  EXPECT_TRUE(has(fault_of_line(R"({"unsettled":{"order":{}}})"), "`order` cannot be read"));
}

}  // namespace
}  // namespace holdfast::codec
