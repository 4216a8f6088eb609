#pragma once

#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/chunked.h"
#include "http/problem.h"
#include "http/request.h"

namespace holdfast::http {

/// Turns the bytes of one connection into requests. Does no I/O: `advance` says what is needed
/// next, the connection does it. Owns the input buffer; one per connection, on its thread.
class RequestReader {
 public:
  enum class Need {
    more,           ///< read more bytes
    send_continue,  ///< answer `100 Continue`, then advance again
    ready,          ///< `request()` is complete
    refused,        ///< `refusal()` is the answer, and the connection ends with it
  };
  /// Where in a request the connection stands; each has a deadline of its own.
  enum class Stage { idle, head, body };

  RequestReader();

  /// Room for the next read; at least one byte.
  boost::asio::mutable_buffer prepare();
  void commit(std::size_t bytes);
  Need advance();
  /// Forgets the request that was answered; what the client sent after it stays.
  void next();

  [[nodiscard]] Stage stage() const;
  [[nodiscard]] const Request& request() const { return request_; }
  [[nodiscard]] const Problem& refusal() const { return *refusal_; }

 private:
  enum class Phase { head, continue_due, sized_body, chunked_body, ready, refused };

  [[nodiscard]] std::string_view unread() const { return {data_.get() + begin_, end_ - begin_}; }
  Need refuse(const ProblemKind& kind, std::string detail);
  Need read_head();
  Need head_incomplete();
  Need parse_head(std::size_t head_bytes);
  std::optional<Problem> check_head() const;
  Need read_sized_body();
  Need read_chunked_body();
  void make_room(std::size_t bytes);

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;

  Phase phase_ = Phase::head;
  std::size_t scanned_ = 0;  ///< bytes of the head in which its end was not found
  std::size_t body_bytes_ = 0;
  bool chunked_ = false;
  std::size_t chunked_bytes_ = 0;
  ChunkedDecoder decoder_;
  std::string decoded_;
  Request request_;
  std::optional<Problem> refusal_;
};

}  // namespace holdfast::http
