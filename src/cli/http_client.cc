#include "cli/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "app/config_url.h"

namespace holdfast::cli {
namespace {

constexpr std::size_t kMaxBody = std::size_t{64} * 1024 * 1024;

struct CloseEasy {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* response) {
  auto& body = static_cast<HttpResponse*>(response)->body;
  if (body.size() + size * count > kMaxBody) {
    return 0;  // makes libcurl fail the transfer
  }
  body.append(data, size * count);
  return size * count;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* response) {
  auto& headers = static_cast<HttpResponse*>(response)->headers;
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) {
    headers.clear();  // the final answer after an interim one
  }
  const auto colon = line.find(':');
  if (colon != std::string_view::npos) {
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
      return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    const auto begin = line.find_first_not_of(" \t", colon + 1);
    const auto end = line.find_last_not_of(" \t\r\n");
    headers[name] = begin == std::string_view::npos || end < begin
                        ? ""
                        : std::string(line.substr(begin, end - begin + 1));
  }
  return size * count;
}

bool is_loopback(const std::string& text) {
  const auto url = app::parse_url(text);
  if (!url) {
    return false;
  }
  const bool v6 = url->host.find(':') != std::string::npos;
  const auto address = app::parse_listen((v6 ? "[" + url->host + "]" : url->host) + ":0");
  return address && address->loopback;
}

bool never_left(CURLcode code) {
  return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
         code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_URL_MALFORMAT ||
         code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_SSL_CONNECT_ERROR ||
         code == CURLE_PEER_FAILED_VERIFICATION;
}

}  // namespace

tl::expected<HttpResponse, HttpFailure> http_send(const HttpRequest& request) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, CloseEasy> curl(started == CURLE_OK ? curl_easy_init() : nullptr);
  if (!curl) {
    return tl::unexpected(HttpFailure{"libcurl did not start", Effect::none});
  }
  std::unique_ptr<curl_slist, FreeList> headers;
  for (const auto& header : request.headers) {
    auto* longer = curl_slist_append(headers.get(), header.c_str());
    if (longer != nullptr) {
      (void)headers.release();
      headers.reset(longer);
    }
  }
  HttpResponse response;
  char message[CURL_ERROR_SIZE] = "";
  CURL* handle = curl.get();
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, message);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "holdfast-cli");
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &response);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &response);
  if (is_loopback(request.url)) {
    curl_easy_setopt(handle, CURLOPT_PROXY, "");  // http_proxy is not meant for this machine
  }
  if (request.body) {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body->size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body->c_str());
  } else if (request.method == "POST") {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, 0L);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, "");
  }
  const CURLcode code = curl_easy_perform(handle);
  if (code != CURLE_OK) {
    const std::string why = message[0] != '\0' ? message : curl_easy_strerror(code);
    // While connecting runs out of time, nothing was sent: no byte went out yet.
    curl_off_t connected = 0;
    curl_easy_getinfo(handle, CURLINFO_CONNECT_TIME_T, &connected);
    const bool sent = !never_left(code) && connected > 0;
    return tl::unexpected(HttpFailure{why, sent ? Effect::unknown : Effect::none});
  }
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &response.status);
  return response;
}

std::string url_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || c == '-' || c == '.' || c == '_' || c == '~') {
      result += c;
    } else {
      result += {'%', kHex[byte >> 4U], kHex[byte & 0xFU]};
    }
  }
  return result;
}

}  // namespace holdfast::cli
