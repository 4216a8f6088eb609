#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::http {

/// Decodes a body in chunked coding (RFC 9112, section 7.1). Extensions and trailer fields are
/// skipped: nothing that arrives after the body may change what the header said. Does no I/O; a
/// decoder serves one body.
class ChunkedDecoder {
 public:
  enum class Result { need_more, done, malformed, too_large };

  /// Decodes what it can of `input`, appending to `body`; `consumed` says how much was used up.
  Result feed(std::string_view input, std::string& body, std::size_t& consumed);

 private:
  enum class State { size_line, data, data_end, trailer };
  Result step(std::string_view input, std::string& body, std::size_t& used);
  Result read_size_line(std::string_view input, std::size_t& used);

  State state_ = State::size_line;
  std::size_t remaining_ = 0;  ///< bytes of the present chunk still to come
  std::size_t trailer_bytes_ = 0;
};

}  // namespace holdfast::http
