#include "http/request_reader.h"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <cstring>

#include "domain/assert.h"
#include "http/limits.h"

namespace holdfast::http {
namespace {

namespace beast = boost::beast;
using beast::http::field;

void append_list(std::string& list, beast::string_view value) {
  if (!list.empty()) list += ", ";
  list.append(value.data(), value.size());
}

/// Beast's parser, used for heads only, keeping no more than Holdfast reads.
class HeadParser final : public beast::http::basic_parser<true> {
 public:
  explicit HeadParser(Request& request) : request_(request) {
    header_limit(limits::kMaxHeadBytes);
    body_limit(boost::none);
  }

 private:
  void on_request_impl(beast::http::verb method, beast::string_view method_text,
                       beast::string_view target, int version, beast::error_code&) override {
    request_.method = method;
    request_.method_text.assign(method_text.data(), method_text.size());
    request_.target.assign(target.data(), target.size());
    request_.http_1_0 = version == 10;
  }

  void on_field_impl(field name, beast::string_view name_text, beast::string_view value,
                     beast::error_code&) override {
    switch (name) {
      case field::host: ++request_.hosts; return;
      case field::authorization: append_list(request_.authorization, value); return;
      case field::content_type: append_list(request_.content_type, value); return;
      case field::content_encoding: append_list(request_.content_encoding, value); return;
      case field::prefer: append_list(request_.prefer, value); return;
      case field::transfer_encoding: request_.has_transfer_encoding = true; return;
      case field::expect:
        if (beast::iequals(value, "100-continue")) {
          request_.expects_continue = true;
        } else {
          request_.expects_other = true;
        }
        return;
      case field::unknown: on_unknown_field(name_text, value); return;
      default: return;
    }
  }

  void on_unknown_field(beast::string_view name, beast::string_view value) {
    if (beast::iequals(name, "idempotency-key")) {
      ++request_.idempotency_keys;
      request_.idempotency_key.assign(value.data(), value.size());
    } else if (beast::iequals(name, "x-request-id") && request_.request_id.empty()) {
      request_.request_id.assign(value.data(), value.size());
    }
  }

  // Bodies are read by RequestReader itself, from the same buffer.
  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
  void on_header_impl(beast::error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view, beast::error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, beast::error_code&) override {
    return 0;
  }
  void on_finish_impl(beast::error_code&) override {}

  Request& request_;
};

bool has_bare_newline(std::string_view text) {
  for (std::size_t at = text.find('\n'); at != std::string_view::npos;
       at = text.find('\n', at + 1)) {
    if (at == 0 || text[at - 1] != '\r') return true;
  }
  return false;
}

std::string too_large_detail() {
  return "A body may have up to " + std::to_string(limits::kMaxBodyBytes) +
         " bytes. Split the request.";
}

}  // namespace

void Request::clear() {
  method = beast::http::verb::unknown;
  for (std::string* text : {&method_text, &target, &authorization, &content_type, &content_encoding,
                            &prefer, &idempotency_key, &request_id}) {
    text->clear();
  }
  keep_alive = true;
  http_1_0 = false;
  idempotency_keys = 0;
  hosts = 0;
  expects_continue = false;
  expects_other = false;
  has_transfer_encoding = false;
  body = {};
}

RequestReader::RequestReader() {
  capacity_ = limits::kInitialBufferBytes;
  data_.reset(new char[capacity_]);  // not make_unique: that would touch every page
}

void RequestReader::make_room(std::size_t bytes) {
  const std::size_t used = end_ - begin_;
  if (used + bytes <= capacity_) {
    if (begin_ + used + bytes > capacity_) {
      std::memmove(data_.get(), data_.get() + begin_, used);
      begin_ = 0;
      end_ = used;
    }
    return;
  }
  const std::size_t wanted = std::max(2 * capacity_, used + bytes);
  std::unique_ptr<char[]> larger(new char[wanted]);
  std::memcpy(larger.get(), data_.get() + begin_, used);
  data_ = std::move(larger);
  capacity_ = wanted;
  begin_ = 0;
  end_ = used;
}

boost::asio::mutable_buffer RequestReader::prepare() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (phase_ == Phase::sized_body) {
    make_room(body_bytes_ - (end_ - begin_));
  } else if (end_ == capacity_) {
    make_room(limits::kInitialBufferBytes / 2);
  }
  return {data_.get() + end_, capacity_ - end_};
}

void RequestReader::commit(std::size_t bytes) {
  HF_ASSERT(end_ + bytes <= capacity_);
  end_ += bytes;
}

RequestReader::Stage RequestReader::stage() const {
  if (phase_ == Phase::head) return begin_ == end_ ? Stage::idle : Stage::head;
  return Stage::body;
}

RequestReader::Need RequestReader::advance() {
  switch (phase_) {
    case Phase::head: return read_head();
    case Phase::continue_due:
      phase_ = chunked_ ? Phase::chunked_body : Phase::sized_body;
      return advance();
    case Phase::sized_body: return read_sized_body();
    case Phase::chunked_body: return read_chunked_body();
    case Phase::ready: return Need::ready;
    case Phase::refused: return Need::refused;
  }
  HF_ASSERT(false);
}

void RequestReader::next() {
  HF_ASSERT(phase_ == Phase::ready);
  if (!chunked_) begin_ += body_bytes_;
  phase_ = Phase::head;
  scanned_ = 0;
  request_.clear();
  // A large body's memory is given back; what an ordinary request needs is kept.
  if (decoded_.capacity() > limits::kMaxHeadBytes) std::string().swap(decoded_);
  if (begin_ == end_ && capacity_ > 4 * limits::kInitialBufferBytes) {
    capacity_ = limits::kInitialBufferBytes;
    data_.reset(new char[capacity_]);
    begin_ = end_ = 0;
  }
}

RequestReader::Need RequestReader::refuse(const ProblemKind& kind, std::string detail) {
  refusal_ = make_problem(kind, std::move(detail));
  phase_ = Phase::refused;
  return Need::refused;
}

RequestReader::Need RequestReader::read_head() {
  // RFC 9112, section 2.2: empty lines before a request are ignored.
  while (unread().starts_with("\r\n")) {
    begin_ += 2;
    scanned_ = 0;
  }
  const std::string_view input = unread();
  const std::size_t from = scanned_ > 3 ? scanned_ - 3 : 0;
  const std::size_t end = input.find("\r\n\r\n", from);
  if (end == std::string_view::npos) return head_incomplete();
  if (end + 4 > limits::kMaxHeadBytes) return head_incomplete();
  return parse_head(end + 4);
}

RequestReader::Need RequestReader::head_incomplete() {
  const std::string_view input = unread().substr(0, limits::kMaxHeadBytes);
  if (input.size() == limits::kMaxHeadBytes) {
    if (input.find('\n') == std::string_view::npos) {
      return refuse(problems::kUriTooLong,
                    "The request line alone is longer than 8 KiB. Shorten the target.");
    }
    return refuse(problems::kHeadersTooLarge,
                  "Request line and header may have 8 KiB together. Send fewer or shorter fields.");
  }
  if (has_bare_newline(input)) {
    return refuse(problems::kMalformedRequest, "Lines of an HTTP header end in CR LF.");
  }
  scanned_ = input.size();
  return Need::more;
}

RequestReader::Need RequestReader::parse_head(std::size_t head_bytes) {
  HeadParser parser(request_);
  beast::error_code error;
  parser.put(boost::asio::const_buffer(data_.get() + begin_, head_bytes), error);
  if (!error && !parser.is_header_done()) {
    // Beast reads the request line and the fields in two steps when it is not eager.
    error = beast::http::error::partial_message;
  }
  if (error) {
    return refuse(problems::kMalformedRequest,
                  "The request line or the header is not valid HTTP/1.1 (" + error.message() +
                      "). Mend the client.");
  }
  begin_ += head_bytes;
  request_.keep_alive = parser.keep_alive();
  chunked_ = parser.chunked();
  if (request_.has_transfer_encoding && (!chunked_ || request_.http_1_0)) {
    return refuse(problems::kMalformedRequest,
                  "The only transfer coding that is understood is `chunked`, in HTTP/1.1.");
  }
  const auto length = parser.content_length();
  if (length && *length > limits::kMaxBodyBytes) {
    return refuse(problems::kBodyTooLarge, too_large_detail());
  }
  body_bytes_ = length ? static_cast<std::size_t>(*length) : 0;
  if (auto problem = check_head()) {
    refusal_ = std::move(problem);
    phase_ = Phase::refused;
    return Need::refused;
  }
  decoder_ = ChunkedDecoder{};
  decoded_.clear();
  chunked_bytes_ = 0;
  phase_ = chunked_ ? Phase::chunked_body : Phase::sized_body;
  const bool body_missing = chunked_ ? begin_ == end_ : end_ - begin_ < body_bytes_;
  if (request_.expects_continue && body_missing && !request_.http_1_0) {
    phase_ = Phase::continue_due;
    return Need::send_continue;
  }
  return advance();
}

std::optional<Problem> RequestReader::check_head() const {
  if (request_.hosts > 1 || (request_.hosts == 0 && !request_.http_1_0)) {
    return make_problem(problems::kMalformedRequest,
                        "A request of HTTP/1.1 has exactly one Host header.");
  }
  if (request_.expects_other) {
    return make_problem(problems::kExpectationFailed,
                        "The only expectation that is understood is `100-continue`.");
  }
  return std::nullopt;
}

RequestReader::Need RequestReader::read_sized_body() {
  if (end_ - begin_ < body_bytes_) return Need::more;
  request_.body = unread().substr(0, body_bytes_);
  phase_ = Phase::ready;
  return Need::ready;
}

RequestReader::Need RequestReader::read_chunked_body() {
  std::size_t consumed = 0;
  const ChunkedDecoder::Result result = decoder_.feed(unread(), decoded_, consumed);
  begin_ += consumed;
  chunked_bytes_ += consumed;
  if (chunked_bytes_ > limits::kMaxChunkedBytes) {
    return refuse(problems::kBodyTooLarge, too_large_detail());
  }
  switch (result) {
    case ChunkedDecoder::Result::need_more: return Need::more;
    case ChunkedDecoder::Result::malformed:
      return refuse(problems::kMalformedRequest, "The chunked coding of the body is not valid.");
    case ChunkedDecoder::Result::too_large:
      return refuse(problems::kBodyTooLarge, too_large_detail());
    case ChunkedDecoder::Result::done: break;
  }
  request_.body = decoded_;
  phase_ = Phase::ready;
  return Need::ready;
}

}  // namespace holdfast::http
