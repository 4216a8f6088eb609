#include "demo/report.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdio>
#include <utility>

namespace holdfast::demo {
namespace {

constexpr std::string_view kBold = "1";
constexpr std::string_view kDim = "2";
constexpr std::string_view kRed = "31";
constexpr std::string_view kGreen = "32";
constexpr int kTitleWidth = 68;  // with its number

void print_line(const std::string& line) {
  std::fputs((line + "\n").c_str(), stdout);
  std::fflush(stdout);
}

double seconds_since(std::chrono::steady_clock::time_point begun) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

}  // namespace

void Act::check(bool held, const std::string& what, const std::string& otherwise) {
  const bool tells = !held && !otherwise.empty();
  checks.push_back({tells ? what + " (" + otherwise + ")" : what, held});
}

std::string Report::paint(std::string_view text, std::string_view code) const {
  return is_terminal_ ? fmt::format("\033[{}m{}\033[0m", code, text) : std::string(text);
}

void Report::begin(const std::string& url, const std::string& run) {
  begun_ = std::chrono::steady_clock::now();
  url_ = url;
  run_ = run;
  if (form_ == Form::kText) {
    print_line(paint("Holdfast, shown", kBold) +
               paint(fmt::format(" · {} · run {}", url, run), kDim));
  }
}

void Report::begin_act(std::string_view title) {
  if (form_ == Form::kText && is_terminal_) {
    std::fputs(paint(fmt::format("{} {} …", acts_.size() + 1, title), kDim).c_str(), stdout);
    std::fflush(stdout);
  }
}

void Report::end_act(Act act) {
  for (const Check& check : act.checks) {
    ++checked_;
    held_ += check.held ? 1 : 0;
  }
  acts_.push_back(std::move(act));
  if (form_ == Form::kJson) {
    return;
  }
  const Act& told = acts_.back();
  const std::string erase = is_terminal_ ? "\r\033[K" : "";
  const std::string title =
      fmt::format("{:<{}}", fmt::format("{} {}", acts_.size(), told.title), kTitleWidth);
  print_line(erase + paint(title, kBold) + paint(fmt::format("{:>6.2f} s", told.seconds), kDim));
  for (const Check& check : told.checks) {
    const std::string mark = check.held ? paint("✓", kGreen) : paint("✗", kRed);
    print_line("  " + mark + " " + (check.held ? check.what : paint(check.what, kRed)));
  }
  for (const std::string& note : told.notes) {
    print_line(paint("  · " + note, kDim));
  }
  for (const std::string& row : told.table) {
    print_line("    " + row);
  }
}

void Report::fail(const std::string& why) {
  failure_ = why;
  if (form_ == Form::kText) {
    const std::string erase = is_terminal_ ? "\r\033[K" : "";
    std::fflush(stdout);
    std::fputs((erase + paint("✗ " + why, kRed) + "\n").c_str(), stderr);
  }
}

void Report::end() {
  if (form_ == Form::kJson) {
    print_json();
    return;
  }
  const std::string summary =
      fmt::format("{} of {} checks held, in {:.1f} s", held_, checked_, seconds_since(begun_));
  print_line(all_held() ? paint("✓ ", kGreen) + paint(summary, kBold)
                        : paint("✗ " + summary, kRed));
}

void Report::print_json() const {
  boost::json::array acts;
  for (const Act& act : acts_) {
    boost::json::array checks;
    for (const Check& check : act.checks) {
      checks.push_back({{"what", check.what}, {"held", check.held}});
    }
    boost::json::array notes(act.notes.begin(), act.notes.end());
    acts.push_back({{"title", act.title},
                    {"seconds", act.seconds},
                    {"checks", std::move(checks)},
                    {"notes", std::move(notes)}});
  }
  boost::json::object all{{"url", url_},
                          {"run", run_},
                          {"held", all_held()},
                          {"checks", checked_},
                          {"checks_held", held_},
                          {"seconds", seconds_since(begun_)},
                          {"acts", std::move(acts)}};
  if (!failure_.empty()) {
    all["failure"] = failure_;
  }
  print_line(boost::json::serialize(all));
}

std::string with_commas(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string readable(std::chrono::nanoseconds time) {
  const double ms = std::chrono::duration<double, std::milli>(time).count();
  if (ms < 10) {
    return fmt::format("{:.1f} ms", ms);
  }
  return ms < 1000 ? fmt::format("{:.0f} ms", ms) : fmt::format("{:.2f} s", ms / 1000);
}

}  // namespace holdfast::demo
