#include "http/context.h"

#include <boost/beast/core/string.hpp>

#include "http/json_reader.h"

namespace holdfast::http {
namespace {

bool same(std::string_view a, std::string_view b) {
  return boost::beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// True for `application/json`, with a charset of UTF-8 or none; other parameters do not count.
bool is_json(std::string_view content_type) {
  const std::size_t semicolon = std::min(content_type.find(';'), content_type.size());
  if (!same(trimmed(content_type.substr(0, semicolon)), "application/json")) return false;
  std::string_view rest = content_type.substr(semicolon);
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::string_view parameter = rest.substr(0, rest.find(';'));
    rest.remove_prefix(parameter.size());
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    if (!same(trimmed(parameter.substr(0, equals)), "charset")) continue;
    std::string_view charset = trimmed(parameter.substr(std::min(equals + 1, parameter.size())));
    if (charset.size() >= 2 && charset.front() == '"' && charset.back() == '"') {
      charset = charset.substr(1, charset.size() - 2);
    }
    if (!same(charset, "utf-8") && !same(charset, "utf8") && !same(charset, "us-ascii"))
      return false;
  }
  return true;
}

std::optional<Problem> check_media_type(const Request& request) {
  if (!request.content_encoding.empty() && !same(request.content_encoding, "identity")) {
    return make_problem(problems::kUnsupportedMediaType,
                        "Bodies are taken without a Content-Encoding. Send it uncompressed.");
  }
  const bool nothing_sent = request.body.empty() && request.content_type.empty();
  if (!nothing_sent && !is_json(request.content_type)) {
    return make_problem(problems::kUnsupportedMediaType,
                        "The body must be JSON in UTF-8. Send it with Content-Type: "
                        "application/json.");
  }
  return std::nullopt;
}

}  // namespace

std::optional<Problem> parse_body(Context& context) {
  if (auto problem = check_media_type(context.request)) return problem;
  if (const auto fault = context.document.parse(context.request.body)) {
    return make_problem(problems::kMalformedJson,
                        "The body cannot be read as JSON: " + *fault + ". Mend it and send again.");
  }
  if (context.document.cut_short()) return invalid_fields(context.document.faults().take());
  return std::nullopt;
}

std::optional<Problem> expect_no_fields(Context& context) {
  if (context.request.body.empty()) return std::nullopt;
  if (auto problem = parse_body(context)) return problem;
  ObjectReader reader(context.document, context.document.root());
  reader.finish();
  if (context.document.faults().empty()) return std::nullopt;
  return invalid_fields(context.document.faults().take());
}

}  // namespace holdfast::http
