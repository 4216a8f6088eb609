#include "http/chunked.h"

#include <algorithm>
#include <charconv>

#include "http/limits.h"

namespace holdfast::http {

ChunkedDecoder::Result ChunkedDecoder::feed(std::string_view input, std::string& body,
                                            std::size_t& consumed) {
  consumed = 0;
  for (;;) {
    std::size_t used = 0;
    const bool in_trailer = state_ == State::trailer;
    const Result result = step(input.substr(consumed), body, used);
    consumed += used;
    if (result != Result::need_more) return result;
    if (used == 0) return result;
    if (in_trailer) trailer_bytes_ += used;
  }
}

ChunkedDecoder::Result ChunkedDecoder::step(std::string_view input, std::string& body,
                                            std::size_t& used) {
  switch (state_) {
    case State::size_line: return read_size_line(input, used);
    case State::data: {
      const std::size_t n = std::min(remaining_, input.size());
      body.append(input.substr(0, n));
      used = n;
      remaining_ -= n;
      if (remaining_ == 0) state_ = State::data_end;
      return Result::need_more;
    }
    case State::data_end:
      if (input.size() < 2) {
        return input.empty() || input[0] == '\r' ? Result::need_more : Result::malformed;
      }
      if (!input.starts_with("\r\n")) return Result::malformed;
      used = 2;
      state_ = State::size_line;
      if (body.size() > limits::kMaxBodyBytes) return Result::too_large;
      return Result::need_more;
    case State::trailer: {
      const std::size_t end = input.find("\r\n");
      if (end == std::string_view::npos) {
        return trailer_bytes_ + input.size() > limits::kMaxHeadBytes ? Result::malformed
                                                                     : Result::need_more;
      }
      used = end + 2;
      if (end == 0) return Result::done;
      return trailer_bytes_ + used > limits::kMaxHeadBytes ? Result::malformed : Result::need_more;
    }
  }
  return Result::malformed;
}

ChunkedDecoder::Result ChunkedDecoder::read_size_line(std::string_view input, std::size_t& used) {
  const std::size_t end = input.find("\r\n");
  if (end == std::string_view::npos) {
    const bool bare_newline = input.find('\n') != std::string_view::npos;
    return bare_newline || input.size() > limits::kMaxChunkLineBytes ? Result::malformed
                                                                     : Result::need_more;
  }
  if (end > limits::kMaxChunkLineBytes) return Result::malformed;
  const std::string_view line = input.substr(0, end);
  std::uint64_t size = 0;
  const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
  if (error == std::errc::result_out_of_range) return Result::too_large;
  if (error != std::errc{}) return Result::malformed;
  const auto digits = static_cast<std::size_t>(rest - line.data());
  const std::size_t extension = line.find_first_not_of(" \t", digits);
  if (extension != std::string_view::npos && line[extension] != ';') return Result::malformed;
  if (line.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos) {
    return Result::malformed;
  }
  if (size > limits::kMaxBodyBytes) return Result::too_large;
  used = end + 2;
  remaining_ = static_cast<std::size_t>(size);
  state_ = size == 0 ? State::trailer : State::data;
  return Result::need_more;
}

}  // namespace holdfast::http
