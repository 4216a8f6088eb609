#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <sys/time.h>

#include <memory>

#include "app/config_url.h"
#include "cli/doctor.h"
#include "cli/http_client.h"
#include "cli/table.h"

namespace holdfast::cli {
namespace {

constexpr std::uint16_t kAmqpPort = 5672;
constexpr int kFrameMax = 131'072;

struct DestroyAmqp {
  void operator()(amqp_connection_state_t connection) const {
    amqp_destroy_connection(connection);  // closes the socket; nothing is open that needs a goodbye
  }
};
using Amqp = std::unique_ptr<std::remove_pointer_t<amqp_connection_state_t>, DestroyAmqp>;

std::string text_of(amqp_bytes_t bytes) {
  return {static_cast<const char*>(bytes.bytes), bytes.len};
}

std::string property(const amqp_table_t& table, const std::string& name) {
  for (int i = 0; i < table.num_entries; ++i) {
    const auto& entry = table.entries[i];
    if (text_of(entry.key) == name && entry.value.kind == AMQP_FIELD_KIND_UTF8) {
      return text_of(entry.value.value.bytes);
    }
  }
  return "";
}

Finding refused(const std::string& shown, const amqp_rpc_reply_t& reply) {
  const std::string mend = "mend user, password and vhost in rabbitmq.url";
  if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
      reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
    const auto* close = static_cast<const amqp_connection_close_t*>(reply.reply.decoded);
    return {Verdict::fail, shown + ": " + text_of(close->reply_text), mend};
  }
  if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION) {
    const bool silent = reply.library_error == AMQP_STATUS_TIMEOUT;
    return {silent ? Verdict::unreachable : Verdict::fail,
            shown + ": " + amqp_error_string2(reply.library_error),
            silent ? "the port answers no AMQP; mend rabbitmq.url" : mend};
  }
  return {Verdict::fail, shown + ": the login was refused", mend};
}

Finding version(const std::string& shown, const Amqp& connection) {
  const auto* properties = amqp_get_server_properties(connection.get());
  const auto number = property(*properties, "version");
  const auto found = shown + ", " + property(*properties, "product") + " " + number;
  if (!version_at_least(number, 3, 10)) {
    return {Verdict::fail, found, "use RabbitMQ 3.10 or later (quorum queues with message TTL)"};
  }
  return {Verdict::ok, found};
}

}  // namespace

Findings probe_rabbitmq(const app::Config& config) {
  const auto url = app::parse_url(config.rabbitmq.url);
  const auto shown = app::redact_url(config.rabbitmq.url);
  if (!url) {
    return {{Verdict::fail, shown + " " + url.error(), "mend rabbitmq.url"}};
  }
  timeval limit{};
  limit.tv_sec = config.rabbitmq.rpc_timeout.count() / 1000;
  limit.tv_usec = (config.rabbitmq.rpc_timeout.count() % 1000) * 1000;
  const Amqp connection(amqp_new_connection());
  auto* socket = amqp_tcp_socket_new(connection.get());
  amqp_set_handshake_timeout(connection.get(), &limit);
  amqp_set_rpc_timeout(connection.get(), &limit);
  const int opened =
      amqp_socket_open_noblock(socket, url->host.c_str(), url->port.value_or(kAmqpPort), &limit);
  if (opened != AMQP_STATUS_OK) {
    return {{Verdict::unreachable, shown + " is not reached: " + amqp_error_string2(opened),
             "start it, or mend rabbitmq.url"}};
  }
  const std::string vhost = url->path.empty() ? "/" : url->path;
  const std::string user = url->user.empty() ? "guest" : url->user;
  const std::string password = url->user.empty() ? "guest" : url->password;
  const auto reply = amqp_login(connection.get(), vhost.c_str(), 0, kFrameMax, 0,
                                AMQP_SASL_METHOD_PLAIN, user.c_str(), password.c_str());
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
    return {refused(shown, reply)};
  }
  auto found = version(shown, connection);
  (void)amqp_connection_close(connection.get(), AMQP_REPLY_SUCCESS);
  return {std::move(found)};
}

// Only the status page needs it, so its absence is no failure.
Findings probe_management(const app::Config& config) {
  const auto& url = config.rabbitmq.management_url;
  if (url.empty()) {
    return {};
  }
  const auto shown = app::redact_url(url);
  HttpRequest request;
  request.url = url + (url.ends_with('/') ? "" : "/") + "api/overview";
  request.timeout = config.rabbitmq.rpc_timeout;
  const auto response = http_send(request);
  const std::string mend = "enable rabbitmq_management, or mend rabbitmq.management_url";
  if (!response) {
    return {{Verdict::warn, shown + " is not reached: " + response.error().message, mend}};
  }
  if (response->status != 200) {
    return {{Verdict::warn, shown + " answers " + std::to_string(response->status), mend}};
  }
  return {{Verdict::ok, shown}};
}

}  // namespace holdfast::cli
