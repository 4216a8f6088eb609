#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

#include "app/config_url.h"
#include "cli/doctor.h"

namespace holdfast::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kConnectTimeout{2};  // for each address of a host

struct Host {
  std::string name;
  std::string port;

  bool operator<(const Host& other) const {
    return std::tie(name, port) < std::tie(other.name, other.port);
  }
  std::string shown() const {
    const bool v6 = name.find(':') != std::string::npos;
    return (v6 ? "[" + name + "]" : name) + ":" + port;
  }
};

// Closes what it owns.
class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

// 0 when somebody accepted, else what went wrong, as errno says it.
int try_connect(const addrinfo& address) {
  const auto deadline = Clock::now() + kConnectTimeout;
  const Socket socket(::socket(
      address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address.ai_protocol));
  if (socket.get() < 0) {
    return errno;
  }
  if (connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) {
    return 0;
  }
  if (errno != EINPROGRESS) {
    return errno;
  }
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd wait{socket.get(), POLLOUT, 0};
    const int ready = left.count() <= 0 ? 0 : poll(&wait, 1, static_cast<int>(left.count()));
    if (ready == 0) {
      return ETIMEDOUT;
    }
    if (ready > 0) {
      break;
    }
    if (errno != EINTR) {
      return errno;
    }
  }
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

Finding probe_host(const Host& host, const std::string& steps) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int resolved = getaddrinfo(host.name.c_str(), host.port.c_str(), &hints, &found);
  if (resolved != 0) {
    // A name server that is away may come back; a name that does not exist will not by itself.
    const bool may_pass = resolved == EAI_AGAIN;
    return {may_pass ? Verdict::warn : Verdict::fail,
            host.shown() + " is not resolved: " + gai_strerror(resolved),
            (may_pass ? "mend the name service, or the URLs of " : "mend the URLs of ") + steps};
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
  int error = 0;
  for (const auto* address = found; address != nullptr; address = address->ai_next) {
    error = try_connect(*address);
    if (error == 0) {
      return {Verdict::ok, host.shown() + " is reached, for " + steps};
    }
  }
  return {Verdict::warn, host.shown() + " is not reached: " + std::strerror(error),
          "start it, or mend the URLs of " + steps + "; until then their calls are tried again"};
}

// Where a URL of a step leads; nothing for one that the configuration would have refused.
std::optional<Host> host_of(const std::string& text) {
  const auto url = app::parse_url(text);
  if (!url || url->host.empty()) {
    return std::nullopt;
  }
  const std::uint16_t usual = url->scheme == "https" ? 443 : 80;
  return Host{url->host, std::to_string(url->port.value_or(usual))};
}

}  // namespace

// Orders wait for a step whose other side is away, so that is no failure.
Findings probe_steps(const app::Config& config) {
  std::map<Host, std::set<std::string>> hosts;  // and the steps that call them
  for (const auto& plan : config.plans) {
    for (const auto& step : plan.steps) {
      for (const auto& url : {step.forward_url, step.reverse_url}) {
        if (const auto host = url.empty() ? std::nullopt : host_of(url)) {
          hosts[*host].insert(plan.name + "." + step.name);
        }
      }
    }
  }
  Findings findings;
  for (const auto& [host, steps] : hosts) {
    std::string names;
    for (const auto& step : steps) {
      names += (names.empty() ? "" : ", ") + step;
    }
    findings.push_back(probe_host(host, names));
  }
  return findings;
}

}  // namespace holdfast::cli
