#pragma once

#include <curl/curl.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace holdfast::testing {

/// RabbitMQ's management API, for tests that look at the broker from outside. Throws
/// std::runtime_error when the API cannot be reached.
class RabbitManagement {
 public:
  /// Of `HOLDFAST_TEST_RABBITMQ_MANAGEMENT_URL`; throws when it is not set.
  static RabbitManagement from_environment();
  explicit RabbitManagement(std::string url) : url_(std::move(url)) {}

  [[nodiscard]] boost::json::value get(const std::string& path) const;
  /// Status of the answer.
  long remove(const std::string& path) const;
  [[nodiscard]] boost::json::value post_json(const std::string& path,
                                             const std::string& body) const;

  /// A queue of the default virtual host; null when there is none.
  [[nodiscard]] boost::json::value queue(const std::string& name) const;
  void delete_queue(const std::string& name) const;
  /// Deletes all queues and exchanges whose names begin with `prefix`.
  void delete_all(std::string_view prefix) const;
  /// Closes the connections whose given names begin with `prefix`; returns how many.
  int kill_connections(std::string_view prefix) const;

 private:
  struct Answer {
    long status = 0;
    std::string body;
  };
  [[nodiscard]] Answer request(const std::string& method, const std::string& path,
                               const std::string& body) const;

  std::string url_;
};

namespace management {

inline std::size_t append(char* data, std::size_t size, std::size_t count, void* into) {
  static_cast<std::string*>(into)->append(data, size * count);
  return size * count;
}

inline std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ') {
      out += "%20";
    } else if (c == '>') {
      out += "%3E";
    } else {
      out += c;
    }
  }
  return out;
}

inline std::string text_of(const boost::json::value& value, std::string_view key) {
  const auto* object = value.if_object();
  const auto* found = object != nullptr ? object->if_contains(key) : nullptr;
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string{};
}

}  // namespace management

inline RabbitManagement RabbitManagement::from_environment() {
  const char* url = std::getenv("HOLDFAST_TEST_RABBITMQ_MANAGEMENT_URL");
  if (url == nullptr) {
    throw std::runtime_error("HOLDFAST_TEST_RABBITMQ_MANAGEMENT_URL is not set");
  }
  return RabbitManagement(url);
}

inline RabbitManagement::Answer RabbitManagement::request(const std::string& method,
                                                          const std::string& path,
                                                          const std::string& body) const {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 &curl_easy_cleanup);
  Answer answer;
  const std::string url = url_ + "/api/" + path;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_CUSTOMREQUEST, method.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, 20'000L);
  curl_easy_setopt(curl.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &management::append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer.body);
  if (!body.empty()) curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.c_str());
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) {
    throw std::runtime_error("RabbitMQ's management API: " + std::string(curl_easy_strerror(code)));
  }
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

inline boost::json::value RabbitManagement::get(const std::string& path) const {
  const auto answer = request("GET", path, "");
  if (answer.status != 200) return nullptr;
  return boost::json::parse(answer.body);
}

inline long RabbitManagement::remove(const std::string& path) const {
  return request("DELETE", path, "").status;
}

inline boost::json::value RabbitManagement::post_json(const std::string& path,
                                                      const std::string& body) const {
  const auto answer = request("POST", path, body);
  if (answer.status != 200) throw std::runtime_error("POST " + path + ": " + answer.body);
  return boost::json::parse(answer.body);
}

inline boost::json::value RabbitManagement::queue(const std::string& name) const {
  return get("queues/%2f/" + management::escaped(name));
}

inline void RabbitManagement::delete_queue(const std::string& name) const {
  remove("queues/%2f/" + management::escaped(name));
}

inline void RabbitManagement::delete_all(std::string_view prefix) const {
  for (const std::string kind : {"queues", "exchanges"}) {
    const auto all = get(kind + "/%2f?columns=name");
    if (!all.is_array()) continue;
    for (const auto& one : all.get_array()) {
      const std::string name = management::text_of(one, "name");
      if (name.starts_with(prefix)) remove(kind + "/%2f/" + management::escaped(name));
    }
  }
}

inline int RabbitManagement::kill_connections(std::string_view prefix) const {
  int killed = 0;
  const auto all = get("connections");
  if (!all.is_array()) return 0;
  for (const auto& one : all.get_array()) {
    if (!management::text_of(one, "user_provided_name").starts_with(prefix)) continue;
    if (remove("connections/" + management::escaped(management::text_of(one, "name"))) == 204)
      ++killed;
  }
  return killed;
}

}  // namespace holdfast::testing
