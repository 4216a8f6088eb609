#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "cli/command.h"

// One call to a running Holdfast on behalf of a command.

namespace holdfast::cli {

inline constexpr unsigned kMaxWaitSeconds = 60;

// 0 to kMaxWaitSeconds.
CLI::Validator wait_range();

struct Call {
  std::string method = "GET";
  std::string path;
  std::vector<std::pair<std::string, std::string>> query = {};  // empty values are left out
  std::optional<boost::json::object> body = std::nullopt;
  std::vector<std::string> headers = {};
  unsigned wait_s = 0;  // Prefer: wait=N
  // What to do when the outcome is not known, as in "send it again with --order-id X".
  std::string when_unknown = {};
};

// Sends the call. With --json the server's document goes to out whatever it is. A problem, a
// silence or a wrong --url is told on err, and the exit code is the error. No answer body: null.
tl::expected<boost::json::value, int> perform(Context& context, const Call& call);

// For lists: --limit and --cursor, and the line that says how to go on.
struct Page {
  std::string limit;
  std::string cursor;
};
void add_page_options(CLI::App& command, Page& page);
void print_next_page(std::ostream& out, const boost::json::value& answer);

// `list` of the answer as an array; empty when it has none.
const boost::json::array& list_in(const boost::json::value& answer, std::string_view list);

// A new UUIDv7, for a request that is to have an id before it is sent.
std::string new_id();

}  // namespace holdfast::cli
