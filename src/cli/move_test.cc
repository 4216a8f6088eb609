#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/cli.h"
#include "tests/support/temporary_directory.h"

// `export` and `import` between folders, in this process. tests/e2e/test_move.py has the servers.

namespace holdfast::cli {
namespace {

class Move : public ::testing::Test {
 protected:
  struct Outcome {
    int code;
    std::string out;
    std::string err;
  };
  static Outcome holdfast(const std::vector<std::string>& arguments) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = run(arguments, {}, out, err);
    return {code, out.str(), err.str()};
  }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_.file(name); }
  /// A whole archive of nothing: the digest is sha256sum's of its first line.
  std::string write_empty_archive() {
    const auto name = path("empty.jsonl");
    std::ofstream(name)
        << "{\"holdfast_export\":1,\"version\":\"x\",\"exported_at\":"
           "\"2023-11-14T22:13:20.123Z\"}\n"
           "{\"end\":{\"counts\":{},\"sha256\":"
           "\"24f4d29463e6e3283d57256a6514e17a89a66e2ef5d00ec5c6d25f354e8d599d\"}}\n";
    return name;
  }

  holdfast::testing::TemporaryDirectory folder_;
};

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(Move, WrongUseIsTwo) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"export"},
           {"import"},
           {"export", "--data", "a", "--config", "b", "file"},
           {"import", "--fast", "file"},
           {"import", path("x"), "--config", path("none.toml")}}) {
    EXPECT_EQ(holdfast(arguments).code, kWrongUse) << arguments.front();
  }
}

TEST_F(Move, WhatIsImportedIsExportedAgain) {
  const auto archive = write_empty_archive();
  const auto imported = holdfast({"import", archive, "--data", path("new")});
  EXPECT_EQ(imported.code, kFine) << imported.err;
  EXPECT_TRUE(mentions(imported.out, "holdfast dev --data " + path("new"))) << imported.out;
  const auto exported = holdfast({"export", "--data", path("new"), path("again.jsonl")});
  EXPECT_EQ(exported.code, kFine) << exported.err;
  EXPECT_TRUE(mentions(exported.out, "holdfast import " + path("again.jsonl"))) << exported.out;
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(path("again.jsonl")).permissions(),
            perms::owner_read | perms::owner_write);
  EXPECT_FALSE(std::filesystem::exists(path("again.jsonl.part")));
}

TEST_F(Move, StandardOutputHasTheArchiveAlone) {
  ASSERT_EQ(holdfast({"import", write_empty_archive(), "--data", path("new")}).code, kFine);
  const auto exported = holdfast({"export", "--data", path("new"), "-"});
  EXPECT_EQ(exported.code, kFine);
  EXPECT_TRUE(exported.out.starts_with("{\"holdfast_export\":1")) << exported.out;
  EXPECT_TRUE(mentions(exported.out.substr(exported.out.rfind("\n{")), "{\"end\":"))
      << exported.out;
  EXPECT_TRUE(mentions(exported.err, "points accounts")) << exported.err;
}

TEST_F(Move, NoFileIsWrittenOverAndNoneIsLeftOfAnExportThatFailed) {
  const auto name = write_empty_archive();
  ASSERT_EQ(holdfast({"import", name, "--data", path("new")}).code, kFine);
  const auto taken = holdfast({"export", "--data", path("new"), name});
  EXPECT_EQ(taken.code, kFailed);
  EXPECT_TRUE(mentions(taken.err, "File exists")) << taken.err;
  const auto nothing = holdfast({"export", "--data", path("none"), path("out.jsonl")});
  EXPECT_EQ(nothing.code, kFailed);
  EXPECT_TRUE(mentions(nothing.err, "no book in")) << nothing.err;
  EXPECT_FALSE(std::filesystem::exists(path("out.jsonl")));
}

TEST_F(Move, WhatIsNoArchiveMakesNoFolder) {
  std::ofstream(path("rubbish")) << "rubbish\n";
  for (const auto& name :
       {path("rubbish"), path("none"), std::filesystem::temp_directory_path().string()}) {
    const auto imported = holdfast({"import", name, "--data", path("new")});
    EXPECT_EQ(imported.code, kFailed) << name;
    EXPECT_FALSE(imported.err.empty());
    EXPECT_FALSE(std::filesystem::exists(path("new")));
  }
}

}  // namespace
}  // namespace holdfast::cli
