#include "adapters/step_http/transfer.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "adapters/step_http/limits.h"
#include "adapters/step_http/signature.h"

namespace holdfast::step_http {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string lower_case(std::string_view text) {
  std::string lower{text};
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

/// libcurl takes 0 for no timeout at all.
long bounded_ms(Milliseconds timeout) {
  return static_cast<long>(
      std::clamp<Milliseconds>(timeout, Milliseconds{1}, limits::kMaxTimeout).count());
}

}  // namespace

bool is_sendable_key(std::string_view key) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == ':' || c == '-' || c == '/';
  };
  return !key.empty() && std::all_of(key.begin(), key.end(), allowed);
}

Transfer::Transfer(StepCall call, const StepHttpOptions& options, std::int64_t unix_seconds)
    : call_(std::move(call)), handle_(curl_easy_init()) {
  if (!handle_) throw std::runtime_error("libcurl has no memory for a call");
  set_headers(unix_seconds);
  set_request(options);
  set_bounds(options);
}

template <class Value>
void Transfer::set(CURLoption option, Value value) {
  const CURLcode result = curl_easy_setopt(handle_.get(), option, value);
  if (result != CURLE_OK) throw std::runtime_error(curl_easy_strerror(result));
}

void Transfer::add_header(const std::string& line) {
  curl_slist* const longer = curl_slist_append(headers_.get(), line.c_str());
  if (longer == nullptr) throw std::runtime_error("libcurl has no memory for a header");
  static_cast<void>(headers_.release());
  headers_.reset(longer);
}

void Transfer::set_headers(std::int64_t unix_seconds) {
  add_header("Content-Type: application/json");
  add_header("Expect:");  // libcurl would ask before it sends a large body, and wait a second
  add_header("Idempotency-Key: " + call_.idempotency_key);
  add_header("webhook-id: " + call_.idempotency_key);
  add_header("webhook-timestamp: " + std::to_string(unix_seconds));
  if (call_.secret.empty()) return;
  const auto signature =
      sign(call_.secret, SignedContent{call_.idempotency_key, unix_seconds, call_.body});
  if (!signature) throw std::runtime_error(signature.error());
  add_header("webhook-signature: " + *signature);
}

void Transfer::set_request(const StepHttpOptions& options) {
  set(CURLOPT_URL, call_.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  // Neither of the environment's proxies: what they see and cache is not ours to decide.
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOPROXY, "*");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_POSTFIELDS, call_.body.data());
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call_.body.size()));
  set(CURLOPT_HTTPHEADER, headers_.get());
  set(CURLOPT_USERAGENT, options.user_agent.c_str());
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) {
    set(CURLOPT_CAINFO, options.ca_file.c_str());
    set(CURLOPT_CAPATH, nullptr);
  }
}

void Transfer::set_bounds(const StepHttpOptions& options) {
  set(CURLOPT_NOSIGNAL, 1L);
  // A resolver that hangs is left to itself instead of holding up every other call.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_TIMEOUT_MS, bounded_ms(call_.timeout));
  set(CURLOPT_CONNECTTIMEOUT_MS, bounded_ms(std::min(call_.timeout, options.connect_timeout)));
  set(CURLOPT_MAXAGE_CONN, static_cast<long>(limits::kMaxIdleAge.count()));
  set(CURLOPT_ERRORBUFFER, error_.data());
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  const std::size_t bytes = size * count;
  return static_cast<Transfer*>(self)->take_header({data, bytes}) ? bytes : 0;
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  const std::size_t bytes = size * count;
  return static_cast<Transfer*>(self)->take_body({data, bytes}) ? bytes : 0;
}

/// False ends the transfer.
bool Transfer::take_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > limits::kMaxHeaderBytes) {
    headers_too_long_ = true;
    return false;
  }
  const auto colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    received_.headers.clear();  // those before it belong to an interim answer
    headers_complete_ = false;
    received_.status_line = trimmed(line);
  } else if (trimmed(line).empty()) {
    headers_complete_ = true;  // and stays it when trailers come after the body
  } else if (colon != std::string_view::npos) {
    received_.headers.emplace_back(lower_case(trimmed(line.substr(0, colon))),
                                   trimmed(line.substr(colon + 1)));
  }
  return true;
}

/// False ends the transfer: there is no need to wait for the rest.
bool Transfer::take_body(std::string_view part) {
  const std::size_t room = limits::kMaxBodyBytes - received_.body.size();
  received_.body += part.substr(0, room);
  body_cut_ = part.size() > room;
  return !body_cut_;
}

StepAnswer Transfer::answer(CURLcode result) {
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  received_.status = static_cast<int>(status);
  if (headers_too_long_) return unknown_answer("the answer's headers are too long");
  // libcurl takes a connection that ends among the headers for the end of the answer.
  if (result == CURLE_OK && !headers_complete_) {
    return lost_answer(received_, "the answer broke off in its headers");
  }
  if (result == CURLE_OK || body_cut_) return meaning_of(received_);
  return lost_answer(received_, error_[0] != '\0' ? error_.data() : curl_easy_strerror(result));
}

}  // namespace holdfast::step_http
