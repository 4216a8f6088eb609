#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "app/config_url.h"
#include "cli/doctor.h"
#include "cli/http_client.h"

namespace holdfast::cli {
namespace {

// 0 when a server could listen there, else errno of bind (or of what came before it).
int try_bind(const app::ListenAddress& address) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const auto port = std::to_string(address.port);
  if (getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found) != 0) {
    return EADDRNOTAVAIL;
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
  const int socket_fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0);
  if (socket_fd < 0) {
    return errno;
  }
  const int on = 1;
  (void)setsockopt(socket_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  int result = bind(socket_fd, found->ai_addr, found->ai_addrlen) == 0 ? 0 : errno;
  if (result == 0 && listen(socket_fd, 1) != 0) {
    result = errno;
  }
  close(socket_fd);
  return result;
}

std::string own_url(const app::ListenAddress& address) {
  std::string host = address.host;
  if (host == "0.0.0.0" || host == "::") {
    host = host == "::" ? "::1" : "127.0.0.1";
  }
  const bool v6 = host.find(':') != std::string::npos;
  return "http://" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(address.port);
}

bool is_holdfast(const std::string& url) {
  HttpRequest request;
  request.url = url + "/openapi.json";
  request.timeout = std::chrono::seconds(3);
  const auto response = http_send(request);
  return response && response->status == 200 &&
         response->body.find("Holdfast") != std::string::npos;
}

}  // namespace

Findings probe_listen(const app::Config& config) {
  const auto address = app::parse_listen(config.http.listen);
  if (!address) {
    return {{Verdict::fail, config.http.listen + " " + address.error(), "mend http.listen"}};
  }
  const int error = try_bind(*address);
  if (error == 0) {
    return {{Verdict::ok, config.http.listen + " is free"}};
  }
  if (error == EADDRINUSE && is_holdfast(own_url(*address))) {
    return {{Verdict::ok, config.http.listen + " is answered by a Holdfast"}};
  }
  return {{Verdict::fail, config.http.listen + ": " + std::strerror(error),
           error == EADDRINUSE
               ? "stop what listens there (ss -ltnp shows it), or change http.listen"
               : "choose another http.listen"}};
}

}  // namespace holdfast::cli
