#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "app/config.h"

namespace holdfast::app {

// A file named holdfast.toml in a folder of its own, gone with the object.
class TomlFile {
 public:
  explicit TomlFile(const std::string& text) {
    char folder[] = "/tmp/holdfast-config-XXXXXX";
    folder_ = mkdtemp(folder);
    std::ofstream(path()) << text;
  }
  ~TomlFile() {
    std::remove(path().c_str());
    rmdir(folder_.c_str());
  }
  TomlFile(const TomlFile&) = delete;
  TomlFile& operator=(const TomlFile&) = delete;
  std::string path() const { return folder_ + "/holdfast.toml"; }

 private:
  std::string folder_;
};

inline Config loaded(const std::string& text, const Environment& environment = {}) {
  const TomlFile file(text);
  auto config = load_config(file.path(), environment);
  EXPECT_TRUE(config.has_value()) << config.error().text();
  return config.value_or(Config{});
}

// The text without the folder of the file.
inline std::string without_folder(std::string text, const TomlFile& file) {
  const auto folder = file.path().substr(0, file.path().rfind('/') + 1);
  for (auto at = text.find(folder); at != std::string::npos; at = text.find(folder)) {
    text.erase(at, folder.size());
  }
  return text;
}

// The faults, each a line; "" when there are none.
inline std::string faults(const std::string& text, const Environment& environment = {}) {
  const TomlFile file(text);
  const auto config = load_config(file.path(), environment);
  return config ? "" : without_folder(config.error().text(), file);
}

// The warnings, each a line. The text must have no faults.
inline std::string warnings(const std::string& text) {
  const TomlFile file(text);
  const auto config = load_config(file.path(), {});
  EXPECT_TRUE(config.has_value()) << config.error().text();
  std::string found;
  for (const auto& warning : config.value_or(Config{}).warnings) {
    found += without_folder(warning, file) + "\n";
  }
  return found;
}

}  // namespace holdfast::app
