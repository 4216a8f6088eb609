#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast::load {

// An answer, as views into the buffer it was read into (or, for a chunked body, into `scratch`).
struct Response {
  int status = 0;
  std::string_view location;
  std::string_view retry_after;
  bool replayed = false;  // Idempotent-Replayed: true
  bool closes = false;    // the server closes the connection after this answer
  std::string_view body;
};

enum class ParseStatus { kComplete, kIncomplete, kMalformed };

struct ParseResult {
  ParseStatus status = ParseStatus::kIncomplete;
  std::size_t consumed = 0;  // bytes of the buffer that the answer took, when complete
};

// Reads one HTTP/1.1 answer (RFC 9112) from the front of `buffer`. Only what a load client needs:
// no trailers kept, no body that ends with the connection. Begins anew with every call: an answer
// almost always arrives in one piece, and then this is the cheapest way.
ParseResult parse_response(std::string_view buffer, Response& response, std::string& scratch);

}  // namespace holdfast::load
