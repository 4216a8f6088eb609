#pragma once

#include <amqp.h>

#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "adapters/rabbitmq/connection.h"
#include "tests/contract/message_bus_fixture.h"

/// Programs at the broker that are not Holdfast: they share its way to log in, nothing else.
namespace holdfast::testing {

/// A connection with one channel that confirms what is published.
class ForeignProgram {
 public:
  static constexpr amqp_channel_t kChannel = 1;

  explicit ForeignProgram(const std::string& url)
      : connection_({*rabbitmq::parse_amqp_url(url), 60s, 20s, "another program"}, interrupt_) {
    connection_.open_channel(kChannel);
    amqp_confirm_select(raw(), kChannel);
    connection_.check_rpc(kChannel, "confirm.select");
  }

  /// Returns once it is in the queue, which must exist.
  void send(const std::string& queue, const ForeignMessage& message) {
    amqp_basic_properties_t properties{};
    if (message.id) {
      properties._flags |= AMQP_BASIC_MESSAGE_ID_FLAG;
      properties.message_id = rabbitmq::bytes_of(*message.id);
    }
    std::deque<std::vector<amqp_field_value_t>> lists;
    std::vector<amqp_table_entry_t> headers;
    for (const auto& [key, value] : message.headers) {
      headers.push_back({rabbitmq::bytes_of(key), field_of(value, lists)});
    }
    if (!headers.empty()) {
      properties._flags |= AMQP_BASIC_HEADERS_FLAG;
      properties.headers = {static_cast<int>(headers.size()), headers.data()};
    }
    send(queue, properties, message.body);
  }

  void send(const std::string& queue, const amqp_basic_properties_t& properties,
            std::string_view body) {
    const int status =
        amqp_basic_publish(raw(), kChannel, amqp_empty_bytes, rabbitmq::bytes_of(queue), 1, 0,
                           &properties, rabbitmq::bytes_of(body));
    rabbitmq::Connection::check(status, "publish");
    amqp_frame_t frame{};
    rabbitmq::Connection::check(amqp_simple_wait_frame(raw(), &frame), "confirm");
    if (frame.frame_type != AMQP_FRAME_METHOD || frame.payload.method.id != AMQP_BASIC_ACK_METHOD) {
      throw std::runtime_error("the broker does not take another program's message");
    }
    connection_.release(kChannel);
  }

  [[nodiscard]] amqp_connection_state_t raw() const { return connection_.raw(); }
  rabbitmq::Connection& connection() { return connection_; }

 private:
  static amqp_field_value_t text_field(std::string_view text) {
    amqp_field_value_t field{};
    field.kind = AMQP_FIELD_KIND_UTF8;
    field.value.bytes = rabbitmq::bytes_of(text);
    return field;
  }

  static amqp_field_value_t field_of(const ForeignMessage::Header& header,
                                     std::deque<std::vector<amqp_field_value_t>>& lists) {
    amqp_field_value_t field{};
    if (const auto* text = std::get_if<std::string>(&header)) return text_field(*text);
    if (const auto* number = std::get_if<std::int64_t>(&header)) {
      field.kind = AMQP_FIELD_KIND_I64;
      field.value.i64 = *number;
    } else if (const auto* real = std::get_if<double>(&header)) {
      field.kind = AMQP_FIELD_KIND_F64;
      field.value.f64 = *real;
    } else if (const auto* flag = std::get_if<bool>(&header)) {
      field.kind = AMQP_FIELD_KIND_BOOLEAN;
      field.value.boolean = *flag ? 1 : 0;
    } else {
      auto& list = lists.emplace_back();
      for (const auto& text : std::get<std::vector<std::string>>(header)) {
        list.push_back(text_field(text));
      }
      field.kind = AMQP_FIELD_KIND_ARRAY;
      field.value.array = {static_cast<int>(list.size()), list.data()};
    }
    return field;
  }

  rabbitmq::SocketInterrupt interrupt_;
  rabbitmq::Connection connection_;
};

/// Has a queue of its own that is bound to the exchange for topics and ends with its connection.
class RabbitListener final : public EventListener {
 public:
  RabbitListener(const std::string& url, const std::string& exchange, const std::string& pattern)
      : program_(url) {
    const auto* declared = amqp_queue_declare(program_.raw(), ForeignProgram::kChannel,
                                              amqp_empty_bytes, 0, 0, 1, 1, amqp_empty_table);
    program_.connection().check_rpc(ForeignProgram::kChannel, "a listener's queue");
    queue_ = std::string(rabbitmq::view(declared->queue));
    amqp_queue_bind(program_.raw(), ForeignProgram::kChannel, rabbitmq::bytes_of(queue_),
                    rabbitmq::bytes_of(exchange), rabbitmq::bytes_of(pattern), amqp_empty_table);
    program_.connection().check_rpc(ForeignProgram::kChannel, "bind to " + exchange);
  }

  std::vector<HeardEvent> take() override {
    std::vector<HeardEvent> events;
    while (true) {
      const auto reply =
          amqp_basic_get(program_.raw(), ForeignProgram::kChannel, rabbitmq::bytes_of(queue_), 1);
      program_.connection().check_rpc(reply, ForeignProgram::kChannel, "get an event");
      if (reply.reply.id != AMQP_BASIC_GET_OK_METHOD) return events;
      const auto& got = *static_cast<amqp_basic_get_ok_t*>(reply.reply.decoded);
      HeardEvent event;
      event.topic = std::string(rabbitmq::view(got.routing_key));
      read_message(event);
      events.push_back(std::move(event));
      program_.connection().release(ForeignProgram::kChannel);
    }
  }

 private:
  void read_message(HeardEvent& event) {
    amqp_message_t message{};
    const auto read = amqp_read_message(program_.raw(), ForeignProgram::kChannel, &message, 0);
    program_.connection().check_rpc(read, ForeignProgram::kChannel, "read an event");
    const auto& properties = message.properties;
    event.id = std::string(rabbitmq::view(properties.message_id));
    event.content_type = std::string(rabbitmq::view(properties.content_type));
    event.persistent = properties.delivery_mode == AMQP_DELIVERY_PERSISTENT;
    event.body = std::string(rabbitmq::view(message.body));
    for (int i = 0; i < properties.headers.num_entries; ++i) {
      const auto& entry = properties.headers.entries[i];
      if (entry.value.kind != AMQP_FIELD_KIND_UTF8) continue;
      event.headers[std::string(rabbitmq::view(entry.key))] =
          std::string(rabbitmq::view(entry.value.value.bytes));
    }
    amqp_destroy_message(&message);
  }

  ForeignProgram program_;
  std::string queue_;
};

}  // namespace holdfast::testing
