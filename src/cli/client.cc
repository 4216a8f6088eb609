#include "cli/client.h"

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <random>

#include "cli/http_client.h"
#include "cli/table.h"
#include "domain/ids.h"

namespace holdfast::cli {
namespace {

namespace json = boost::json;

constexpr const char* kDefaultUrl = "http://127.0.0.1:8080";

std::string variable(const Context& context, const std::string& name) {
  const auto found = context.environment.find(name);
  return found == context.environment.end() ? "" : found->second;
}

std::string base_url(const Context& context) {
  std::string url = context.connection.url;
  if (url.empty()) {
    url = variable(context, "HOLDFAST_URL");
  }
  if (url.empty()) {
    url = kDefaultUrl;
  }
  while (url.ends_with('/')) {
    url.pop_back();
  }
  return url;
}

std::string target(const Call& call) {
  std::string text = call.path;
  char separator = '?';
  for (const auto& [name, value] : call.query) {
    if (!value.empty()) {
      text += separator + name + "=" + url_encoded(value);
      separator = '&';
    }
  }
  return text;
}

struct Hint {
  std::string_view code;
  std::string_view text;
};
constexpr std::array<Hint, 25> kHints = {{
    {"malformed_json", "check --url: the body was changed on its way"},
    {"invalid_request", "mend what is named above and send it again"},
    {"unauthenticated", "give a key with --key or HOLDFAST_KEY; [[http.keys]] lists who has one"},
    {"forbidden", "use a key whose role is \"operator\""},
    {"unknown_order", "`holdfast order list` shows the orders there are"},
    {"unknown_refund", "`holdfast refund list` shows the refunds there are"},
    {"unknown_sku", "`holdfast stock get` lists the SKUs; `holdfast stock set SKU N` makes one"},
    {"unknown_step", "`holdfast order get ORDER` shows the steps it has"},
    {"step_not_awaiting", "`holdfast order get ORDER` shows how each step stands"},
    {"unknown_plan", "use a plan of the server's configuration, [[plans.<name>.steps]]"},
    {"out_of_stock", "ask for less, or add units with `holdfast stock adjust SKU +N`"},
    {"purchase_limit_exceeded",
     "ask for less, or change it with `holdfast stock set SKU N --purchase-limit N`"},
    {"order_id_conflict", "this id belongs to another order; use a new --order-id"},
    {"refund_id_conflict", "this id belongs to another refund; use a new --refund-id"},
    {"adjustment_id_conflict", "this id belongs to another change; use a new --adjustment-id"},
    {"refund_exceeds_order", "`holdfast refund preview ORDER` shows what is left to refund"},
    {"already_refunded", "nothing is left to do: `holdfast order get ORDER` shows its refunds"},
    {"order_cancelled", "nothing is left to do: a cancelled order has given everything back"},
    {"stock_below_reserved", "wait until the orders under way are settled, or take away less"},
    {"parked_in_use", "look again in a minute with `holdfast parked list`"},
    {"rate_limited", "wait, then send it again"},
    {"unavailable",
     "send it again with the same id; `holdfast doctor --config FILE` finds what "
     "is away"},
    {"overloaded", "send it again with the same id, a little later"},
    {"rebuilding", "send it again with the same id once `holdfast status` shows sales open"},
    {"not_found", "check the id, and that --url names a Holdfast of this version"},
}};

void print_details(std::ostream& err, const json::object& problem) {
  if (const auto* errors = problem.if_contains("errors"); errors && errors->is_array()) {
    for (const auto& error : errors->get_array()) {
      if (const auto* object = error.if_object()) {
        err << "  " << cell(*object, "pointer") << ": " << cell(*object, "detail") << '\n';
      }
    }
  }
  if (const auto* shortages = problem.if_contains("shortages");
      shortages && shortages->is_array()) {
    for (const auto& shortage : shortages->get_array()) {
      if (const auto* object = shortage.if_object()) {
        err << "  " << cell(*object, "sku") << ": " << cell(*object, "requested") << " wanted, "
            << cell(*object, "available") << " available\n";
      }
    }
  }
  if (problem.contains("limit") && problem.contains("bought")) {
    err << "  " << cell(problem, "sku") << ": limit " << cell(problem, "limit") << ", bought "
        << cell(problem, "bought") << '\n';
  }
}

void print_problem(std::ostream& err, const HttpResponse& response, const json::value& document) {
  const auto* problem = document.if_object();
  if (problem == nullptr || !problem->contains("code")) {
    const auto line = response.body.substr(0, response.body.find('\n'));
    err << "HTTP " << response.status << ": " << printable(line.substr(0, 200)) << '\n'
        << "  next: check that --url names a Holdfast\n";
    return;
  }
  const auto code = cell(*problem, "code");
  const auto* text = problem->contains("detail") ? "detail" : "title";
  err << code << ": " << cell(*problem, text) << '\n';
  print_details(err, *problem);
  if (const auto after = response.headers.find("retry-after"); after != response.headers.end()) {
    err << "  the server asks to wait " << printable(after->second) << " s\n";
  }
  for (const auto& hint : kHints) {
    if (hint.code == code) {
      err << "  next: " << hint.text << '\n';
    }
  }
}

int tell_failure(Context& context, const std::string& url, const Call& call,
                 const HttpFailure& failure) {
  context.err << "cannot reach " << printable(url) << ": " << printable(failure.message) << '\n';
  if (failure.effect == Effect::unknown && call.method != "GET") {
    context.err << "  the request may have been carried out"
                << (call.when_unknown.empty() ? "" : "; " + call.when_unknown) << '\n';
  } else {
    context.err << "  nothing was done; start it with `holdfast serve --config FILE`, or name "
                   "another with --url or HOLDFAST_URL\n";
  }
  return kUnreachable;
}

bool has_control(const std::string& text) {
  return printable(text) != text;
}

tl::expected<HttpRequest, std::string> request_for(const Context& context, const Call& call) {
  HttpRequest request;
  const auto base = base_url(context);
  if (!base.starts_with("http://") && !base.starts_with("https://")) {
    return tl::unexpected("--url must begin with http:// or https://, not \"" + printable(base) +
                          "\"");
  }
  request.method = call.method;
  request.url = base + target(call);
  request.headers = call.headers;
  request.headers.emplace_back("Accept: application/json");
  auto key = context.connection.key;
  key = key.empty() ? variable(context, "HOLDFAST_KEY") : key;
  if (!key.empty()) {
    request.headers.push_back("Authorization: Bearer " + key);
  }
  if (call.wait_s > 0) {
    request.headers.push_back("Prefer: wait=" + std::to_string(call.wait_s));
  }
  if (call.body) {
    request.headers.emplace_back("Content-Type: application/json");
    request.body = json::serialize(*call.body);
  }
  for (const auto& header : request.headers) {
    if (has_control(header)) {
      return tl::unexpected(std::string("a key must not hold control characters"));
    }
  }
  request.timeout = std::chrono::seconds(context.connection.timeout_s + call.wait_s);
  return request;
}

}  // namespace

CLI::Validator wait_range() {
  return CLI::Range(0U, kMaxWaitSeconds).description("");
}

tl::expected<json::value, int> perform(Context& context, const Call& call) {
  const auto request = request_for(context, call);
  if (!request) {
    context.err << request.error() << '\n';
    return tl::unexpected(kWrongUse);
  }
  const auto response = http_send(*request);
  if (!response) {
    return tl::unexpected(tell_failure(context, base_url(context), call, response.error()));
  }
  boost::system::error_code fault;
  const auto document = response->body.empty() ? json::value() : json::parse(response->body, fault);
  if (context.connection.json && !fault && !response->body.empty()) {
    context.out << response->body << (response->body.ends_with('\n') ? "" : "\n");
  }
  const bool fine = response->status >= 200 && response->status < 300;
  if (!fine || fault) {
    print_problem(context.err, *response, fault ? json::value() : document);
    return tl::unexpected(kFailed);
  }
  return document;
}

void add_page_options(CLI::App& command, Page& page) {
  command.add_option("--limit", page.limit, "Rows, 1 to 200 (default 50)")
      ->check(CLI::Range(1, 200).description(""));
  command.add_option("--cursor", page.cursor, "Go on where the last page ended");
}

void print_next_page(std::ostream& out, const json::value& answer) {
  const auto* object = answer.if_object();
  const auto* cursor = object == nullptr ? nullptr : object->if_contains("next_cursor");
  if (cursor != nullptr && cursor->is_string()) {
    out << "\nmore: --cursor " << cell(*cursor) << '\n';
  }
}

const json::array& list_in(const json::value& answer, std::string_view list) {
  static const json::array none;
  const auto* object = answer.if_object();
  const auto* member = object == nullptr ? nullptr : object->if_contains(list);
  return member != nullptr && member->is_array() ? member->get_array() : none;
}

std::string new_id() {
  std::random_device device;
  std::array<std::uint8_t, 10> randomness{};
  for (auto& byte : randomness) {
    byte = static_cast<std::uint8_t>(device());
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto unix_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  return time_ordered_uuid(unix_ms, randomness).to_string();
}

}  // namespace holdfast::cli
