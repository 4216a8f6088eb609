#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "domain/transitions.h"

// docs/states.md against the code: each table cell, and a sentence for each arrow and each repeat.

namespace holdfast {
namespace {

using Pair = std::pair<std::string, std::string>;  ///< state, event
using Cells = std::map<Pair, std::string>;         ///< to "→ state", "stays" or "—"

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" *");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" *") - first + 1);
}

/// The lines between the heading `## title` and the next one.
std::vector<std::string> section(const std::string& title) {
  std::ifstream file(std::string{HOLDFAST_SOURCE_DIR} + "/docs/states.md");
  EXPECT_TRUE(file.is_open());
  std::vector<std::string> found;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("## ")) {
      inside = line == "## " + title;
    } else if (inside) {
      found.push_back(line);
    }
  }
  EXPECT_FALSE(found.empty()) << title;
  return found;
}

Cells table_of(const std::vector<std::string>& lines) {
  Cells cells;
  std::vector<std::string> events;
  for (const std::string& line : lines) {
    if (!line.starts_with("|") || line.starts_with("|--")) continue;
    std::istringstream stream(line.substr(1));
    std::vector<std::string> row;
    for (std::string cell; std::getline(stream, cell, '|');) row.push_back(trimmed(cell));
    if (events.empty()) {
      events = row;
      continue;
    }
    EXPECT_EQ(row.size(), events.size()) << line;
    for (std::size_t i = 1; i < row.size() && i < events.size(); ++i) {
      EXPECT_TRUE(cells.emplace(Pair{row[0], events[i]}, row[i]).second) << line;
    }
  }
  return cells;
}

/// The list's items, each joined to one line.
std::vector<std::string> items_of(const std::vector<std::string>& lines) {
  std::vector<std::string> items;
  bool inside = false;
  for (const std::string& line : lines) {
    if (line.starts_with("- ")) {
      items.push_back(line);
      inside = true;
    } else if (inside && line.starts_with("  ")) {
      items.back() += line.substr(1);
    } else {
      inside = false;
    }
  }
  return items;
}

std::vector<std::string> quoted_names(const std::string& text) {
  static const std::regex kName("`([a-z_]+)`");
  std::vector<std::string> names;
  for (auto found = std::sregex_iterator(text.begin(), text.end(), kName);
       found != std::sregex_iterator(); ++found) {
    names.push_back((*found)[1]);
  }
  return names;
}

/// What the sentences `- states + events → state: …` and `- states + events stays: …` say.
Cells sentences_of(const std::vector<std::string>& lines) {
  static const std::regex kItem("- (`[^+]+`) \\+ (`[^:→]+`) (→ `([a-z_]+)`|stays): (.+)\\.");
  Cells cells;
  for (const std::string& item : items_of(lines)) {
    std::smatch parts;
    EXPECT_TRUE(std::regex_match(item, parts, kItem)) << item;
    if (parts.empty()) continue;
    const std::string cell = parts[4].matched ? "→ " + parts[4].str() : "stays";
    for (const std::string& state : quoted_names(parts[1])) {
      for (const std::string& event : quoted_names(parts[2])) {
        EXPECT_TRUE(cells.emplace(Pair{state, event}, cell).second) << item;
      }
    }
  }
  return cells;
}

template <class State>
std::string cell_of(const Transition<State>& found) {
  switch (found.verdict) {
    case Verdict::moves: return "→ " + std::string{to_string(found.next)};
    case Verdict::stays: return "stays";
    case Verdict::impossible: return "—";
  }
  return "";
}

template <class States, class Events>
void expect_documented(const std::string& title, const States& states, const Events& events) {
  Cells all;
  Cells possible;
  for (const auto state : states) {
    for (const auto event : events) {
      const Pair pair{to_string(state), to_string(event)};
      const auto found = transition(state, event);
      all[pair] = cell_of(found);
      if (found.verdict != Verdict::impossible) possible[pair] = cell_of(found);
    }
  }
  const std::vector<std::string> lines = section(title);
  EXPECT_EQ(table_of(lines), all) << title;
  EXPECT_EQ(sentences_of(lines), possible) << title;
}

TEST(StatesPage, ShowsTheOrdersTable) {
  using enum OrderStatus;
  expect_documented("Order",
                    std::vector{accepted, processing, completed, partially_refunded, refunded,
                                cancelling, cancelled},
                    kOrderEvents);
}

TEST(StatesPage, ShowsTheStepsTable) {
  using enum StepStatus;
  expect_documented("Step, forward",
                    std::vector{pending, running, awaiting, unknown, done, failed, skipped},
                    kStepEvents);
}

TEST(StatesPage, ShowsTheReversalsTable) {
  using enum ReverseStatus;
  expect_documented("Step, reverse", std::vector{pending, running, done, not_needed},
                    kReverseEvents);
}

TEST(StatesPage, ShowsTheRefundsTable) {
  using enum RefundStatus;
  expect_documented("Refund",
                    std::vector{waiting, reversing, refunded, void_, needs_attention, failed},
                    kRefundEvents);
}

}  // namespace
}  // namespace holdfast
