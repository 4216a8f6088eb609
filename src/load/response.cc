#include "load/response.h"

#include <charconv>
#include <optional>
#include <system_error>

namespace holdfast::load {
namespace {

constexpr ParseResult kIncompleteResult{ParseStatus::kIncomplete, 0};
constexpr ParseResult kMalformedResult{ParseStatus::kMalformed, 0};
constexpr std::size_t kMaxHead = std::size_t{64} * 1024;

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// `lower` must be in lower case already.
bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) {
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (to_lower(text[i]) != lower[i]) {
      return false;
    }
  }
  return true;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

std::optional<std::size_t> parse_number(std::string_view text, int base) {
  std::size_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (text.empty() || error != std::errc{} || stop != end) {
    return std::nullopt;
  }
  return value;
}

struct Framing {
  std::optional<std::size_t> length;
  bool chunked = false;
  bool malformed = false;
};

void read_header(std::string_view line, Response& response, Framing& framing) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    framing.malformed = true;
    return;
  }
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  switch (to_lower(name.front())) {  // most headers are none of ours: look at one character first
    case 'c':
      if (equals_ignoring_case(name, "content-length")) {
        framing.length = parse_number(value, 10);
        framing.malformed = framing.malformed || !framing.length;
      } else if (equals_ignoring_case(name, "connection")) {
        response.closes = equals_ignoring_case(value, "close");
      }
      break;
    case 't':
      if (equals_ignoring_case(name, "transfer-encoding")) {
        framing.chunked = equals_ignoring_case(value, "chunked");
        framing.malformed = framing.malformed || !framing.chunked;
      }
      break;
    case 'l':
      if (equals_ignoring_case(name, "location")) {
        response.location = value;
      }
      break;
    case 'r':
      if (equals_ignoring_case(name, "retry-after")) {
        response.retry_after = value;
      }
      break;
    case 'i':
      if (equals_ignoring_case(name, "idempotent-replayed")) {
        response.replayed = equals_ignoring_case(value, "true");
      }
      break;
    default: break;
  }
}

// `from` is where the first chunk begins.
ParseResult read_chunks(std::string_view buffer, std::size_t from, std::string& body) {
  body.clear();
  for (;;) {
    const std::size_t line_end = buffer.find("\r\n", from);
    if (line_end == std::string_view::npos) {
      return kIncompleteResult;
    }
    std::string_view size_text = buffer.substr(from, line_end - from);
    size_text = trim(size_text.substr(0, size_text.find(';')));
    const std::optional<std::size_t> size = parse_number(size_text, 16);
    if (!size) {
      return kMalformedResult;
    }
    from = line_end + 2;
    if (*size == 0) {
      break;
    }
    if (*size > buffer.size() || buffer.size() - from < *size + 2) {
      return kIncompleteResult;
    }
    body.append(buffer.substr(from, *size));
    from += *size + 2;
  }
  for (;;) {  // trailers, up to the empty line
    const std::size_t line_end = buffer.find("\r\n", from);
    if (line_end == std::string_view::npos) {
      return kIncompleteResult;
    }
    const bool is_last = line_end == from;
    from = line_end + 2;
    if (is_last) {
      return {ParseStatus::kComplete, from};
    }
  }
}

}  // namespace

ParseResult parse_response(std::string_view buffer, Response& response, std::string& scratch) {
  const std::size_t head_end = buffer.find("\r\n\r\n");
  if (head_end == std::string_view::npos) {
    return buffer.size() > kMaxHead ? kMalformedResult : kIncompleteResult;
  }
  response = Response{};
  const std::string_view head = buffer.substr(0, head_end + 2);
  const std::size_t first_line_end = head.find("\r\n");
  if (!head.starts_with("HTTP/1.") || first_line_end < 12) {
    return kMalformedResult;
  }
  const std::optional<std::size_t> status = parse_number(head.substr(9, 3), 10);
  if (!status || *status < 200 || *status > 599) {  // we never ask for an interim answer
    return kMalformedResult;
  }
  response.status = static_cast<int>(*status);
  response.closes = head[7] == '0';
  Framing framing;
  for (std::size_t at = first_line_end + 2; at < head.size();) {
    const std::size_t line_end = head.find("\r\n", at);
    read_header(head.substr(at, line_end - at), response, framing);
    at = line_end + 2;
  }
  if (framing.malformed) {
    return kMalformedResult;
  }
  const std::size_t body_begin = head_end + 4;
  if (response.status == 204 || response.status == 304) {
    return {ParseStatus::kComplete, body_begin};
  }
  if (framing.chunked) {
    const ParseResult result = read_chunks(buffer, body_begin, scratch);
    response.body = scratch;
    return result;
  }
  if (!framing.length) {
    return kMalformedResult;
  }
  if (buffer.size() - body_begin < *framing.length) {
    return kIncompleteResult;
  }
  response.body = buffer.substr(body_begin, *framing.length);
  return {ParseStatus::kComplete, body_begin + *framing.length};
}

}  // namespace holdfast::load
