#include "bench/options.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cstdlib>

namespace holdfast::bench {
namespace {

std::string setting(const toml::table& config, const char* section, const char* key,
                    const char* variable) {
  if (const char* value = std::getenv(variable)) {
    return value;
  }
  return config[section][key].value_or(std::string());
}

}  // namespace

bool Options::wants_one_of(const Parts& parts) const {
  return std::any_of(parts.begin(), parts.end(), [this](Part part) { return wants(part); });
}

std::chrono::milliseconds Options::part(double share, double at_least_s) const {
  const double wanted_s = std::max(seconds * share, std::min(at_least_s, seconds));
  return std::chrono::milliseconds{static_cast<std::int64_t>(wanted_s * 1000)};
}

std::chrono::seconds Options::drain_deadline() const {
  return std::chrono::seconds{60 + static_cast<std::int64_t>(10 * seconds)};
}

Result<Target> read_target(const Options& options) {
  const std::string& config = options.config;
  toml::table table;
  try {
    if (!config.empty()) {
      table = toml::parse_file(config);
    }
  } catch (const toml::parse_error& error) {
    return fail(config + ": " + std::string(error.description()));
  }
  Target target;
  std::string listen = setting(table, "http", "listen", "HOLDFAST_HTTP_LISTEN");
  auto endpoint = endpoint_of_listen(listen.empty() ? "127.0.0.1:8080" : listen);
  if (!endpoint) {
    return tl::make_unexpected(endpoint.error());
  }
  target.endpoint = std::move(*endpoint);
  if (!options.embedded.empty()) {
    return target;
  }
  target.postgres_url = setting(table, "postgres", "url", "HOLDFAST_POSTGRES_URL");
  if (target.postgres_url.empty()) {
    return fail(config + ": [postgres] url is missing; completed orders are counted there");
  }
  return target;
}

Result<load::Endpoint> endpoint_of_listen(const std::string& listen) {
  const std::size_t colon = listen.rfind(':');
  std::string host = listen.substr(0, colon);
  if (host == "0.0.0.0" || host == "*" || host.empty()) {
    host = "127.0.0.1";
  } else if (host == "[::]") {
    host = "[::1]";
  }
  const std::string port = colon == std::string::npos ? "" : listen.substr(colon);
  auto endpoint = load::parse_url("http://" + host + port);
  if (!endpoint) {
    return fail("[http] listen: " + endpoint.error());
  }
  return *endpoint;
}

}  // namespace holdfast::bench
