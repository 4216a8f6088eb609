#pragma once

#include <curl/curl.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "adapters/step_http/answer.h"
#include "adapters/step_http/options.h"
#include "ports/step_gateway.h"

namespace holdfast::step_http {

/// True for what an idempotency key is made of, `A-Za-z0-9._:-/`: nothing of that ends a header.
bool is_sendable_key(std::string_view key);

/// One request and its response on a libcurl easy handle. Belongs to one thread and stays where it
/// is while libcurl works on it. Throws std::runtime_error when the request cannot be made.
class Transfer {
 public:
  Transfer(StepCall call, const StepHttpOptions& options, std::int64_t unix_seconds);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  [[nodiscard]] CURL* handle() const { return handle_.get(); }
  /// What libcurl's verdict and the response say, once the transfer has ended.
  [[nodiscard]] StepAnswer answer(CURLcode result);

 private:
  struct Cleanup {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  bool take_header(std::string_view line);
  bool take_body(std::string_view part);
  void add_header(const std::string& line);
  void set_headers(std::int64_t unix_seconds);
  void set_request(const StepHttpOptions& options);
  void set_bounds(const StepHttpOptions& options);
  template <class Value>
  void set(CURLoption option, Value value);

  const StepCall call_;
  HttpAnswer received_;
  std::size_t header_bytes_ = 0;
  bool headers_too_long_ = false;
  bool headers_complete_ = false;
  bool body_cut_ = false;
  std::array<char, CURL_ERROR_SIZE> error_{};
  std::unique_ptr<curl_slist, FreeList> headers_;
  std::unique_ptr<CURL, Cleanup> handle_;  // last: ends before what it points to
};

}  // namespace holdfast::step_http
