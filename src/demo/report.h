#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::demo {

// Something that was claimed and looked at.
struct Check {
  std::string what;
  bool held = false;
};

// One act of the demonstration: what was done, what must hold, and what is worth knowing.
struct Act {
  std::string title;
  std::vector<Check> checks;
  std::vector<std::string> notes;
  std::vector<std::string> table;  // printed as it is, below the checks
  double seconds = 0;

  // `what` states what should be true; `otherwise` what was seen, shown only when it is not.
  void check(bool held, const std::string& what, const std::string& otherwise = "");
  void note(std::string text) { notes.push_back(std::move(text)); }
};

// Tells a person (or, as JSON, a machine) how the demonstration goes. Colour on a terminal only.
// Owns the acts told so far; one thread.
class Report {
 public:
  enum class Form { kText, kJson };

  Report(Form form, bool is_terminal) : form_(form), is_terminal_(is_terminal) {}

  void begin(const std::string& url, const std::string& run);
  void begin_act(std::string_view title);
  void end_act(Act act);
  void end();
  // Why it could not go on.
  void fail(const std::string& why);

  bool all_held() const { return failure_.empty() && held_ == checked_ && checked_ > 0; }

 private:
  std::string paint(std::string_view text, std::string_view code) const;
  void print_json() const;

  Form form_;
  bool is_terminal_;
  std::string url_;
  std::string run_;
  std::string failure_;
  std::vector<Act> acts_;
  std::size_t checked_ = 0;
  std::size_t held_ = 0;
  std::chrono::steady_clock::time_point begun_{};
};

// 1234567 as "1,234,567".
std::string with_commas(std::uint64_t number);
// A duration as people say it: "0.8 ms", "12 ms", "1.24 s".
std::string readable(std::chrono::nanoseconds time);

}  // namespace holdfast::demo
