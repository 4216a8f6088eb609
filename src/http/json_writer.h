#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::http {

/// Appends JSON to a string, member by member, in the order written. The caller sees to the
/// nesting; the writer to commas and escapes. Text must be UTF-8.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }

  void key(std::string_view name);  ///< one that needs no escape
  void text(std::string_view value);
  void integer(std::int64_t value);
  void boolean(bool value);
  void null();
  void raw(std::string_view json);  ///< one value that is JSON already

  void member(std::string_view name, std::string_view value) { key(name), text(value); }
  void member(std::string_view name, const char* value) { key(name), text(value); }
  void member(std::string_view name, std::int64_t value) { key(name), integer(value); }
  void member(std::string_view name, std::uint32_t value) { key(name), integer(value); }
  void member(std::string_view name, bool value) { key(name), boolean(value); }

 private:
  void open(char bracket);
  void close(char bracket);
  void separate();

  std::string& out_;
  bool needs_comma_ = false;
};

}  // namespace holdfast::http
