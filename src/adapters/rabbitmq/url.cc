#include "adapters/rabbitmq/url.h"

#include <amqp.h>

namespace holdfast::rabbitmq {

tl::expected<AmqpUrl, std::string> parse_amqp_url(const std::string& text) {
  if (text.starts_with("amqps:")) {
    return tl::unexpected<std::string>(
        "amqps is not supported; put a TLS proxy before the broker and use amqp://");
  }
  std::string scratch = text;  // amqp_parse_url decodes in place and points into it
  amqp_connection_info info{};
  if (amqp_parse_url(scratch.data(), &info) != AMQP_STATUS_OK) {
    return tl::unexpected<std::string>(
        "not an AMQP URL; write it as amqp://user:password@host:port/vhost (vhost / is %2f)");
  }
  if (info.port < 1 || info.port > 65535) {
    return tl::unexpected<std::string>("the port of the AMQP URL is not within 1 to 65535");
  }
  return AmqpUrl{info.host, static_cast<std::uint16_t>(info.port), info.user, info.password,
                 info.vhost};
}

}  // namespace holdfast::rabbitmq
