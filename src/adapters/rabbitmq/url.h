#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>

namespace holdfast::rabbitmq {

/// Where a broker is and who we are there.
struct AmqpUrl {
  std::string host;
  std::uint16_t port = 5672;
  std::string user;
  std::string password;
  std::string virtual_host;
};

/// Parses `amqp://user:password@host:port/vhost` (https://www.rabbitmq.com/uri-spec.html); parts
/// left out take RabbitMQ's defaults. The error is a sentence for the operator and never contains
/// the password.
tl::expected<AmqpUrl, std::string> parse_amqp_url(const std::string& text);

}  // namespace holdfast::rabbitmq
