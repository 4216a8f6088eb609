#include "app/config_print.h"

#include <sstream>

#include "app/config.h"
#include "app/config_properties.h"

namespace holdfast::app {
namespace {

constexpr std::size_t kLineLength = 98;

std::string keys_as_toml(const Config& config) {
  std::string text =
      "\n# Who may call the API with auth = \"keys\". role \"shop\": orders and refunds; "
      "\"operator\": all.\n# sha256: of the secret, from: printf %s \"$SECRET\" | sha256sum\n";
  if (config.http.keys.empty()) {
    return text + "# [[http.keys]]\n# name = \"web-shop\"\n# sha256 = \"" + std::string(64, '0') +
           "\"\n# role = \"shop\"\n";
  }
  for (const auto& key : config.http.keys) {
    text += "[[http.keys]]\nname = " + toml_quoted(key.name) + "\nsha256 = \"" +
            std::string(64, '0') +
            "\"  # not shown\nrole = " + (key.role == KeyRole::shop ? "\"shop\"" : "\"operator\"") +
            "\n";
  }
  return text;
}

}  // namespace

std::string as_comment(const std::string& text) {
  std::istringstream words(text);
  std::string result;
  std::string line = "#";
  for (std::string word; words >> word;) {
    if (line.size() > 1 && line.size() + 1 + word.size() > kLineLength) {
      result += line + "\n";
      line = "#";
    }
    line += " " + word;
  }
  return result + line + "\n";
}

boost::json::value as_json(const std::string& shown) {
  return boost::json::parse(shown);  // what it writes is JSON as well: "text", 8, true
}

std::string config_as_toml(const Config& config) {
  const Config defaults;
  std::string text =
      "# The configuration of Holdfast: every key, what it is for, what it may be, its default.\n"
      "# Keys left out have their default. The variable named beside a key overrides the file.\n";
  std::string section;
  for (const auto& property : properties()) {
    if (property.section != section) {
      if (section == "http") {
        text += keys_as_toml(config);
      }
      section = property.section;
      text += "\n[" + section + "]\n";
    }
    text += as_comment(property.description);
    text += as_comment(property.type() + ": " + property.allowed() + "; default " +
                       property.shown(defaults) + "; " + property.environment());
    text += property.key + " = " + property.shown(config) + "\n";
  }
  return text + plans_as_toml(config);
}

std::string config_as_json(const Config& config) {
  const Config defaults;
  boost::json::array list;
  for (const auto& property : properties()) {
    boost::json::object entry;
    entry["name"] = property.name();
    entry["type"] = property.type();
    entry["description"] = property.description;
    entry["allowed"] = property.allowed();
    entry["environment"] = property.environment();
    entry["default"] = as_json(property.shown(defaults));
    entry["value"] = as_json(property.shown(config));
    list.push_back(std::move(entry));
  }
  boost::json::array keys;
  for (const auto& key : config.http.keys) {
    keys.push_back({{"name", key.name}, {"role", key.role == KeyRole::shop ? "shop" : "operator"}});
  }
  const boost::json::object document = {{"properties", std::move(list)},
                                        {"http_keys", std::move(keys)},
                                        {"plans", plans_as_json(config)}};
  return boost::json::serialize(document);
}

}  // namespace holdfast::app
